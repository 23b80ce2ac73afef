import type { Plan } from '../pipeline/plan.js';

/** A plan as a flow chart for Mermaid: the host's side, the switch, the container's side. */
export function formatPlanMermaid({ steps, failure }: Plan): string {
  const switchedAt = steps.findIndex(({ switchesRoot }) => switchesRoot);
  const lines = ['flowchart TD'];
  steps.forEach(({ step, actions, switchesRoot }, index) => {
    const text = quote([step, ...actions].join('<br/>'));
    lines.push(switchesRoot ? `  s${index}{{${text}}}` : `  s${index}[${text}]`);
    if (index > 0) lines.push(`  s${index - 1} --> s${index}`);
  });
  const side = (name: string, from: number, to: number): void => {
    if (from >= to) return;
    lines.push(`  subgraph ${name}`);
    for (let index = from; index < to; index += 1) lines.push(`    s${index}`);
    lines.push('  end');
  };
  const end = switchedAt < 0 ? steps.length : switchedAt;
  side('host', 0, end);
  if (switchedAt >= 0) side('container', switchedAt + 1, steps.length);
  if (failure !== null) {
    const at = steps.findLastIndex(({ step }) => step === failure.step);
    lines.push(`  failure([${quote(failure.message)}])`);
    const how = failure.unknown === true ? 'not known' : 'fails';
    if (at >= 0) lines.push(`  s${at} -. ${how} .-> failure`);
  }
  return `${lines.join('\n')}\n`;
}

// Mermaid has entities of its own for what would end the text.
const quote = (text: string): string => `"${text.replaceAll('"', '#quot;')}"`;
