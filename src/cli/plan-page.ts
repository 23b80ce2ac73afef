import {
  countOf,
  escapeMarkup,
  mountRows,
  treeLines,
  type MountRow,
  type PicturedStep,
  type PlanPicture,
} from './plan-picture.js';

// What colour says is also said by words and by the kind of border: for print, and for whoever
// does not see it.
const STYLE = `
:root { color-scheme: light dark; --paper:#fff; --ink:#1b222c; --soft:#586374; --line:#7d8898; --box:#f3f5f8; --inside:#e4f3ea; --accent:#0a6142; --on:#fff; --warn:#8a4b00 }
@media (prefers-color-scheme: dark) { :root { --paper:#12161c; --ink:#e8edf4; --soft:#a8b3c2; --line:#7a8696; --box:#1c232d; --inside:#15301f; --accent:#63d59e; --on:#08140d; --warn:#ffc073 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, 'DejaVu Sans', sans-serif }
h1 { margin: 0; font-size: 1.6rem; overflow-wrap: anywhere } h2 { margin: 2rem 0 .75rem; font-size: 1.2rem }
.soft { color: var(--soft) } .warn { color: var(--warn) }
code, pre, .tree, td { font-family: ui-monospace, 'DejaVu Sans Mono', 'Liberation Mono', Consolas, monospace; font-size: .82rem }
ol { list-style: none; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); gap: 1rem 1.75rem; margin: 0; padding: 0 }
li.step { position: relative; min-width: 0; padding: .6rem .8rem; border: 1.5px solid var(--line); border-radius: .5rem; background: var(--box); overflow-wrap: anywhere }
li.step:not(:last-child)::after { content: '→'; position: absolute; top: .45rem; right: -1.5rem; width: 1.25rem; text-align: center; color: var(--soft) }
li.inside { border-style: dashed; background: var(--inside) }
li.switch { background: var(--accent); border-color: var(--accent); border-radius: 0; color: var(--on) }
li.switch .soft, li.switch .warn { color: var(--on) }
h3 { margin: 0; font-size: 1rem } .side { margin: 0 0 .4rem; font-size: .8rem } li.switch .side { font-weight: 700 }
ul { margin: 0; padding-left: 1.1rem; font-size: .9rem }
details { margin-top: .5rem; font-size: .85rem } summary { cursor: pointer }
pre { margin: .4rem 0 0; padding: .5rem; background: var(--paper); color: var(--ink); border: 1px solid var(--line); white-space: pre-wrap; overflow-wrap: anywhere }
li.step:has(details[open]) { grid-column: 1 / -1 }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid color-mix(in srgb, var(--line) 40%, transparent); vertical-align: top }
th { color: var(--soft); font-weight: 600; font-size: .85rem } td:first-child { white-space: pre; font-weight: 700 } td { overflow-wrap: anywhere }
.tree { font-weight: 400; color: var(--soft); font-size: inherit }
@media print { :root { --paper:#fff; --ink:#000; --soft:#333; --line:#333; --box:#fff; --inside:#fff; --accent:#000; --on:#000; --warn:#000 } body { max-width: none; padding: 0 } details { display: none } li.step, tr { break-inside: avoid } li.switch { border: 4px double #000; background: #fff } }`;

/** Writes a plan as a page that needs nothing else, to be opened from a file. */
export function renderPlanPage(plan: PlanPicture): string {
  const root =
    plan.rootfs === undefined
      ? 'a copy of this machine as the root'
      : `root <code>${escapeMarkup(plan.rootfs)}</code>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeMarkup(plan.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeMarkup(plan.title)}</h1>
<p class="soft">${countOf(plan)}, ${root}</p>
${plan.problems.length === 0 ? '' : `<h2 class="warn">It would not run</h2>\n<ul class="warn">${list(plan.problems)}</ul>`}
<h2>Steps</h2>
<ol>
${plan.steps.map((step, index) => stepItem(step, index + 1, isInside(plan.steps, index))).join('\n')}
</ol>
<h2>The mounts that result</h2>
<div class="scroll"><table>
<thead><tr><th scope="col">mount point</th><th scope="col">file system</th><th scope="col">source</th><th scope="col">flags</th></tr></thead>
<tbody>
${mountRows(plan.mounts).map(mountRow).join('\n')}
</tbody>
</table></div>
</body>
</html>
`;
}

const list = (items: readonly string[], kind = ''): string =>
  items.map((item) => `<li${kind}>${escapeMarkup(item)}</li>`).join('');

function isInside(steps: readonly PicturedStep[], index: number): boolean {
  const switched = steps.findIndex(({ switchesRoot }) => switchesRoot);
  return switched >= 0 && index > switched;
}

function stepItem(step: PicturedStep, number: number, inside: boolean): string {
  const kind = step.switchesRoot ? ' switch' : inside ? ' inside' : '';
  const side = step.switchesRoot
    ? 'the root is switched here'
    : inside
      ? "the container's tree"
      : "the host's tree";
  const calls =
    step.calls.length === 0
      ? ''
      : `<details><summary>${step.calls.length} call${step.calls.length === 1 ? '' : 's'}</summary><pre>${step.calls.map(escapeMarkup).join('\n')}</pre></details>`;
  return `<li class="step${kind}"><h3>${number}. ${escapeMarkup(step.step)}</h3><p class="side soft">${side}</p><ul>${list(step.actions)}${list(
    step.fallbacks.map((fallback) => `! ${fallback}`),
    ' class="warn"',
  )}</ul>${calls}</li>`;
}

function mountRow(row: MountRow): string {
  const { name, fstype, source, options } = row;
  const cells = [fstype, source, options].map((cell) => `<td>${escapeMarkup(cell)}</td>`);
  return `<tr><td><span class="tree">${treeLines(row)}</span>${escapeMarkup(name)}</td>${cells.join('')}</tr>`;
}
