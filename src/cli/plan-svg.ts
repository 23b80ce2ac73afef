import {
  countOf,
  escapeMarkup,
  mountRows,
  treeLines,
  wrapText,
  type MountRow,
  type PicturedStep,
  type PlanPicture,
} from './plan-picture.js';

// Lengths are in pixels of the picture; text is monospaced, so that its width is known.
const WIDTH = 1040;
const MARGIN = 24;
const ADVANCE = 7.3;
const LINE = 17;
const BOX = { width: 232, gap: 20, padding: 12, columns: 4 } as const;
const BOX_CHARACTERS = Math.floor((BOX.width - 2 * BOX.padding) / ADVANCE);

/** Drawn light, dark where the reader's screen is; what colour says, shape and text say too. */
const STYLE = `
  svg { --paper:#fff; --ink:#1b222c; --soft:#586374; --line:#7d8898; --box:#f3f5f8; --inside:#e4f3ea; --accent:#0a6142; --on:#fff; --warn:#8a4b00 }
  @media (prefers-color-scheme: dark) { svg { --paper:#12161c; --ink:#e8edf4; --soft:#a8b3c2; --line:#7a8696; --box:#1c232d; --inside:#15301f; --accent:#63d59e; --on:#08140d; --warn:#ffc073 } }
  @media print { svg { --paper:#fff; --ink:#000; --soft:#333; --line:#333; --box:#fff; --inside:#fff; --accent:#000; --on:#fff; --warn:#000 } }
  text { font: 12px ui-monospace, 'DejaVu Sans Mono', 'Liberation Mono', Consolas, monospace; fill: var(--ink); white-space: pre }
  .paper { fill: var(--paper) } .title { font-size: 18px; font-weight: 700 } .head { font-size: 14px; font-weight: 700 }
  .name { font-weight: 700 } .soft { fill: var(--soft) } .warn { fill: var(--warn) }
  .box { fill: var(--box); stroke: var(--line); stroke-width: 1.2 } .inside { fill: var(--inside); stroke-dasharray: 6 3 }
  .switch { fill: var(--accent); stroke: var(--accent) } .on { fill: var(--on) }
  .arrow { stroke: var(--line); stroke-width: 1.5; fill: none } .tip { fill: var(--line) }
  .rule { stroke: var(--line); stroke-width: 1 }`;

interface Drawing {
  readonly parts: readonly string[];
  /** Where the next thing begins, from the top. */
  readonly bottom: number;
}

/** Draws a plan as a picture that needs nothing else: no font, no script, no style sheet. */
export function renderPlanSvg(plan: PlanPicture): string {
  const head = drawHead(plan);
  const steps = drawSteps(plan.steps, head.bottom);
  const mounts = drawMounts(mountRows(plan.mounts), steps.bottom);
  const height = Math.ceil(mounts.bottom + MARGIN);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="plan-title plan-desc">`,
    `<title id="plan-title">${escapeMarkup(plan.title)}</title>`,
    `<desc id="plan-desc">${escapeMarkup(describe(plan))}</desc>`,
    `<style>${STYLE}</style>`,
    '<defs><marker id="plan-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>',
    `<rect class="paper" width="${WIDTH}" height="${height}"/>`,
    ...head.parts,
    ...steps.parts,
    ...mounts.parts,
    '</svg>',
    '',
  ].join('\n');
}

function describe({ steps, mounts }: PlanPicture): string {
  const switched = steps.findIndex(({ switchesRoot }) => switchesRoot);
  const where =
    switched < 0 ? 'The root is not switched.' : `The root is switched by step ${switched + 1}.`;
  return `The steps in order: ${steps.map(({ step }) => step).join(', ')}. ${where} The mounts that result: ${mounts.map(({ mountPoint }) => mountPoint).join(', ')}.`;
}

function text(x: number, y: number, content: string, kind = ''): string {
  const attribute = kind === '' ? '' : ` class="${kind}"`;
  return `<text x="${round(x)}" y="${round(y)}"${attribute}>${escapeMarkup(content)}</text>`;
}

const round = (length: number): number => Math.round(length * 10) / 10;

function drawHead(plan: PlanPicture): Drawing {
  const root =
    plan.rootfs === undefined ? 'a copy of this machine as the root' : `root ${plan.rootfs}`;
  const characters = Math.floor((WIDTH - 2 * MARGIN) / ADVANCE);
  // The title's letters are half as wide again.
  const titles = wrapText(plan.title, Math.floor(characters / 1.5));
  const parts = titles.map((line, index) => text(MARGIN, 42 + index * 24, line, 'title'));
  let y = 42 + titles.length * 24;
  const write = (lines: readonly string[], kind: string): void => {
    for (const line of lines) {
      parts.push(text(MARGIN, y, line, kind));
      y += LINE;
    }
  };
  write(wrapText(`${countOf(plan)}, ${root}`, characters), 'soft');
  for (const problem of plan.problems)
    write(wrapText(`! It would not run: ${problem}`, characters), 'warn');
  return { parts, bottom: y + 10 };
}

/** A row of boxes, broken where the picture ends; the next line begins on the left again. */
function drawSteps(steps: readonly PicturedStep[], top: number): Drawing {
  const switched = steps.findIndex(({ switchesRoot }) => switchesRoot);
  const parts: string[] = [];
  let y = top;
  for (let first = 0; first < steps.length; first += BOX.columns) {
    const line = steps.slice(first, first + BOX.columns);
    const texts = line.map(boxLines);
    const height = Math.max(...texts.map(({ length }) => length)) * LINE + 52;
    line.forEach((step, column) => {
      const index = first + column;
      const x = MARGIN + column * (BOX.width + BOX.gap);
      const inside = switched >= 0 && index > switched;
      parts.push(
        ...drawBox(step, texts[column] ?? [], { x, y, height, number: index + 1, inside }),
      );
      if (index === steps.length - 1) return;
      parts.push(column < BOX.columns - 1 ? arrowRight(x, y) : arrowDown(y, height));
    });
    y += height + 28;
  }
  return { parts, bottom: y + 12 };
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly height: number;
  readonly number: number;
  /** Behind the root switch. */
  readonly inside: boolean;
}

function boxLines({ actions, fallbacks }: PicturedStep): readonly (readonly [string, string])[] {
  const lines = (content: string, kind: string): [string, string][] =>
    wrapText(content, BOX_CHARACTERS - 2).map((line, index) => [
      index === 0 ? line : `  ${line}`,
      kind,
    ]);
  return [
    ...actions.flatMap((action) => lines(`· ${action}`, '')),
    ...fallbacks.flatMap((fallback) => lines(`! ${fallback}`, 'warn')),
  ];
}

function drawBox(
  step: PicturedStep,
  lines: readonly (readonly [string, string])[],
  { x, y, height, number, inside }: Place,
): string[] {
  const kind = step.switchesRoot ? 'box switch' : inside ? 'box inside' : 'box';
  const on = (other: string): string => (step.switchesRoot ? 'on' : other);
  const side = step.switchesRoot
    ? 'the root is switched here'
    : inside
      ? "the container's tree"
      : "the host's tree";
  const left = x + BOX.padding;
  const [name = '', ...rest] = wrapText(`${number}. ${step.step}`, BOX_CHARACTERS);
  return [
    `<rect class="${kind}" x="${x}" y="${y}" width="${BOX.width}" height="${height}" rx="${step.switchesRoot ? 0 : 6}"/>`,
    text(left, y + 21, rest.length === 0 ? name : `${name.slice(0, -1)}…`, `name ${on('')}`.trim()),
    text(left, y + 37, side, on('soft')),
    ...lines.map(([line, its], index) => text(left, y + 58 + index * LINE, line, on(its))),
  ];
}

const arrowRight = (x: number, y: number): string =>
  `<path class="arrow" marker-end="url(#plan-tip)" d="M${x + BOX.width} ${y + 17}h${BOX.gap - 1}"/>`;

function arrowDown(y: number, height: number): string {
  const last = MARGIN + (BOX.columns - 1) * (BOX.width + BOX.gap) + BOX.width / 2;
  const first = MARGIN + BOX.width / 2;
  return `<path class="arrow" marker-end="url(#plan-tip)" d="M${last} ${y + height}v14H${first}v13"/>`;
}

const COLUMNS = ['mount point', 'file system', 'source', 'flags'] as const;

function drawMounts(rows: readonly MountRow[], top: number): Drawing {
  if (rows.length === 0) return { parts: [], bottom: top };
  const cells = rows.map((row) => [
    `${treeLines(row)}${row.name}`,
    row.fstype,
    row.source,
    row.options,
  ]);
  const most = [52, 12, 36, 34];
  const widths = COLUMNS.map((name, column) =>
    Math.min(
      most[column] ?? 0,
      Math.max(name.length, ...cells.map((cell) => (cell[column] ?? '').length)),
    ),
  );
  const lefts = widths.map(
    (_, column) =>
      MARGIN + widths.slice(0, column).reduce((sum, width) => sum + (width + 3) * ADVANCE, 0),
  );
  const parts = [
    text(MARGIN, top + 14, 'The mounts that result', 'head'),
    ...COLUMNS.map((name, column) => text(lefts[column] ?? 0, top + 42, name, 'soft')),
    `<path class="rule" d="M${MARGIN} ${top + 50}H${WIDTH - MARGIN}"/>`,
  ];
  let y = top + 68;
  for (const cell of cells) {
    cell.forEach((content, column) => {
      const width =
        column === 3
          ? Math.floor((WIDTH - MARGIN - (lefts[3] ?? 0)) / ADVANCE)
          : (widths[column] ?? 0);
      parts.push(text(lefts[column] ?? 0, y, shorten(content, width), column === 0 ? 'name' : ''));
    });
    y += LINE + 3;
  }
  return { parts, bottom: y };
}

/** Keeps both ends, of a path the most telling parts. */
function shorten(content: string, width: number): string {
  if (content.length <= width) return content;
  const end = Math.floor((width - 1) * 0.6);
  return `${content.slice(0, width - 1 - end)}…${content.slice(-end)}`;
}
