import type { Plan, PlannedCall, PlannedFailure } from '../pipeline/plan.js';

/** How text is set off; both do nothing where there are no colours. */
export interface PlanColors {
  bold(text: string): string;
  dim(text: string): string;
}

const RULE = '──────── the root is switched here ────────';

/** A plan for people: numbered steps with their calls, a rule at the root switch, the mounts. */
export function formatPlanText(plan: Plan, { bold, dim }: PlanColors): string {
  const lines: string[] = [`root: ${plan.rootfs ?? 'made by a step'}`, ''];
  plan.steps.forEach(({ step, actions, calls, fallbacks, switchesRoot, prepares }, index) => {
    lines.push(bold(`${String(index + 1).padStart(2)}. ${step}`));
    for (const action of actions) lines.push(`    ${action}`);
    if (prepares === true) lines.push('    prepared on the host before anything else');
    for (const call of calls) lines.push(dim(`      ${formatCall(call)}`));
    for (const { fallback, cost } of fallbacks) lines.push(`    fallback ${fallback}: ${cost}`);
    if (plan.failure !== null && plan.failure.step === step && isLast(plan, index))
      lines.push(...failureLines(plan.failure));
    if (switchesRoot) lines.push(`    ${RULE}`);
  });
  section(
    lines,
    'mounts of the container',
    plan.mounts.map(
      ({ mountPoint, fstype, source, options }) =>
        `${mountPoint.padEnd(24)} ${fstype.padEnd(9)} ${source.padEnd(12)} ${options}`,
    ),
  );
  section(lines, 'what is wrong with the order', plan.problems);
  section(lines, 'taken to be so', plan.assumptions);
  section(
    lines,
    'what this user would be refused',
    plan.refused.map((call) => `${call.step}: ${formatCall(call)}`),
  );
  if (plan.failure?.step === '') lines.push('', `the run would fail: ${plan.failure.message}`);
  return `${lines.join('\n')}\n`;

  function section(into: string[], title: string, entries: readonly string[]): void {
    if (entries.length === 0) return;
    into.push('', bold(title), ...entries.map((entry) => `  ${entry}`));
  }
}

function failureLines({ unknown, message, undo }: PlannedFailure): string[] {
  return unknown === true
    ? [`    not known from here on: ${message}`]
    : [`    fails here: ${message}`, `    undo: ${undo}`];
}

/** As strace prints it. */
export const formatCall = ({ call, args, result, failed }: PlannedCall): string =>
  `${call}(${args.join(', ')}) = ${failed ? '-1 ' : ''}${result}`;

// A step may stand in a pipeline more than once: the one that fails is the last with calls.
const isLast = ({ steps }: Plan, index: number): boolean =>
  steps.findLastIndex(({ calls }) => calls.length > 0) === index;
