import type { PipelineEntry } from './pipeline-entry.js';

/** Everything that is wrong with an order, one line each. */
export function checkOrder(entries: readonly PipelineEntry[]): string[] {
  const problems: string[] = [];
  const names = entries.map(({ step }) => step.stepName);
  const switches = entries.filter(({ step }) => step.switchesRoot === true);
  if (switches.length > 1) problems.push('the root is switched more than once');
  const switchedAt = entries.findIndex(({ step }) => step.switchesRoot === true);
  const readonlyAt = entries.findIndex(
    ({ step, options }) => step.readonlyRoot?.(options) === true,
  );
  entries.forEach(({ step }, index) => {
    const name = step.stepName;
    if (names.indexOf(name) !== index && step.repeatable !== true)
      problems.push(`${name} is there twice`);
    for (const earlier of step.after ?? []) {
      if (names.indexOf(earlier) > index) problems.push(`${name} must come after ${earlier}`);
    }
    const behind = switchedAt >= 0 && index > switchedAt;
    if (step.view === 'host' && behind)
      problems.push(`${name} works on the host's tree and must come before ${names[switchedAt]}`);
    if (step.view === 'container' && switchedAt >= 0 && !behind && index !== switchedAt) {
      problems.push(
        `${name} works on the container's tree and must come after ${names[switchedAt]}`,
      );
    }
    if (step.writesRoot === true && readonlyAt >= 0 && index > readonlyAt) {
      problems.push(
        `${name} writes to the root and comes after ${names[readonlyAt]} has made it read-only`,
      );
    }
  });
  return problems;
}
