import { planPipeline, refusedCalls, type PlanPipelineOptions } from '../runtime/plan-pipeline.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import type { Plan } from '../pipeline/plan.js';
import { complain } from './complain.js';
import { applyConfig } from './config-flags.js';
import { planNamespacesFor } from './namespace-options.js';
import { formatPlanMermaid } from './plan-mermaid.js';
import { assumptionsOf, planOptionsOf, planPrivileged, type Planned } from './plan-options.js';
import { formatPlanText } from './plan-text.js';
import type { PlanPicture } from './plan-picture.js';
import { buildPipeline, SET_UP_FAILED } from './run-command.js';
import {
  buildEnvironment,
  checkRootfs,
  checkValues,
  parseUser,
  type RunFlags,
} from './run-options.js';
import { timeLimitOf } from './time-limit.js';

/** How a plan is printed. */
export const PLAN_FORMATS = ['text', 'json', 'mermaid', 'svg', 'html'] as const;

/** The options of `nsinit plan`: those of run, and how the plan is printed. */
export interface PlanFlags extends RunFlags {
  readonly format: (typeof PLAN_FORMATS)[number];
  readonly json?: boolean;
  readonly mermaid?: boolean;
}

/** `nsinit plan`. @returns the exit status: 125 when the run would fail. @throws UsageError */
export async function planCommand(
  command: readonly string[],
  flags: PlanFlags,
  write: (text: string) => void,
): Promise<number> {
  checkValues(flags);
  const planned =
    flags.bundle === undefined
      ? await planFlags(flags)
      : await (await import('./plan-bundle.js')).planBundle(flags.bundle, command, flags);
  if (planned === undefined) return 2;
  const plan = withRefused(planned.plan, planned.pipeline, planned.options);
  write(await render(plan, { ...flags, title: planned.title }));
  if (plan.failure === null) return 0;
  const { unknown, message } = plan.failure;
  complain(`${unknown === true ? 'the plan cannot go on' : 'the run would fail'}: ${message}`);
  return SET_UP_FAILED;
}

async function planFlags(flags: PlanFlags): Promise<Planned> {
  const { given, pipeline = buildPipeline(given) } = await applyConfig(flags);
  const rootfs = given.rootfs === undefined ? undefined : checkRootfs(given.rootfs);
  const user = given.user === undefined ? undefined : parseUser(given.user);
  const namespaces = planNamespacesFor(given, user, planPrivileged());
  await checkProcess(given, user?.uid ?? 0);
  // The seed's mount(2) of proc shows the PID namespace of the process that makes the call.
  const outside = given.preset !== 'classic';
  const options = planOptionsOf(given, namespaces, {
    rootfs,
    terminal: given.tty === true,
    outside,
  });
  const plan = planPipeline(pipeline, options);
  const assumptions = [...plan.assumptions, ...assumptionsOf(namespaces)];
  return { plan: { ...plan, assumptions }, pipeline, options, title: given.preset };
}

/** What a run would refuse of the command itself. @throws UsageError */
async function checkProcess(given: RunFlags, uid: number): Promise<void> {
  timeLimitOf(given);
  buildEnvironment(given.env, given.clearEnv ?? false);
  const { capabilitiesOf, limitsOf } = await import('./confinement.js');
  capabilitiesOf(given, { uid, userNamespace: true });
  limitsOf(given.rlimit);
}

/** Root is refused nothing by being somebody else; an ordinary user is told. */
function withRefused(plan: Plan, pipeline: Pipeline, options: PlanPipelineOptions): Plan {
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  if (uid === 0) return plan;
  return { ...plan, refused: refusedCalls(pipeline, options, { uid, gid }) };
}

async function render(
  plan: Plan,
  {
    format,
    json,
    mermaid,
    title,
  }: Pick<PlanFlags, 'format' | 'json' | 'mermaid'> & Pick<Planned, 'title'>,
): Promise<string> {
  const chosen = json === true ? 'json' : mermaid === true ? 'mermaid' : format;
  if (chosen === 'json') return `${JSON.stringify(plan, null, 2)}\n`;
  if (chosen === 'mermaid') return formatPlanMermaid(plan);
  if (chosen === 'text')
    return formatPlanText(plan, (await import('./colors.js')).colorsOfOutput());
  const picture = pictureOf(plan, title);
  if (chosen === 'svg') return (await import('./plan-svg.js')).renderPlanSvg(picture);
  return (await import('./plan-page.js')).renderPlanPage(picture);
}

function pictureOf(plan: Plan, title: string): PlanPicture {
  return {
    title,
    rootfs: plan.rootfs ?? undefined,
    steps: plan.steps.map(({ calls, fallbacks, ...step }) => ({
      ...step,
      calls: calls.map(
        ({ call, args, result, failed }) =>
          `${call}(${args.join(', ')}) = ${failed ? '-1 ' : ''}${result}`,
      ),
      fallbacks: fallbacks.map(({ fallback, cost }) => `${fallback}: ${cost}`),
    })),
    mounts: plan.mounts,
    problems: [...plan.problems, ...(plan.failure === null ? [] : [plan.failure.message])],
  };
}
