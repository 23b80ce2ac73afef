import { release } from 'node:os';
import { planPipeline, refusedCalls, type PlanPipelineOptions } from '../runtime/plan-pipeline.js';
import { NAMESPACE_NAMES } from '../runtime/namespaces.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import type { Plan } from '../pipeline/plan.js';
import { applyConfig } from './config-flags.js';
import { formatPlanMermaid } from './plan-mermaid.js';
import { formatPlanText } from './plan-text.js';
import type { PlanPicture } from './plan-picture.js';
import { buildPipeline, complain, SET_UP_FAILED } from './run-command.js';
import { checkRootfs, type RunFlags } from './run-options.js';

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
  flags: PlanFlags,
  write: (text: string) => void,
): Promise<number> {
  const { given, pipeline = buildPipeline(given) } = await applyConfig(flags);
  const rootfs = given.rootfs === undefined ? undefined : checkRootfs(given.rootfs);
  const options = planOptionsOf(given, rootfs);
  const plan = withRefused(planPipeline(pipeline, options), pipeline, options);
  write(await render(plan, { ...flags, ...given } as PlanFlags));
  if (plan.failure === null) return 0;
  complain(`the run would fail: ${plan.failure.message}`);
  return SET_UP_FAILED;
}

function planOptionsOf(given: RunFlags, rootfs: string | undefined): PlanPipelineOptions {
  const shared = { pid: given.sharePid, ipc: given.shareIpc, uts: given.shareUts };
  const own = NAMESPACE_NAMES.filter((name) =>
    name === 'net' ? given.unshareNet === true : name in shared && !shared[name as 'pid'],
  );
  // The seed's mount(2) of proc shows the PID namespace of the process that makes the call.
  const outside = given.preset !== 'classic' && hasPidnsOption();
  return {
    rootfs,
    own,
    force: given.force,
    noFallbacks: !given.fallbacks,
    outsidePidNamespace: outside,
    terminal: given.tty === true,
  };
}

// Only root could ask the kernel (`pidns` of proc, Linux 6.17), as a run does.
function hasPidnsOption(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 17);
}

/** Root is refused nothing by being somebody else; an ordinary user is told. */
function withRefused(plan: Plan, pipeline: Pipeline, options: PlanPipelineOptions): Plan {
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  if (uid === 0) return plan;
  return { ...plan, refused: refusedCalls(pipeline, options, { uid, gid }) };
}

async function render(plan: Plan, { format, json, mermaid, preset }: PlanFlags): Promise<string> {
  const chosen = json === true ? 'json' : mermaid === true ? 'mermaid' : format;
  if (chosen === 'json') return `${JSON.stringify(plan, null, 2)}\n`;
  if (chosen === 'mermaid') return formatPlanMermaid(plan);
  if (chosen === 'text') return formatPlanText(plan, await chooseColors());
  const picture = pictureOf(plan, preset);
  if (chosen === 'svg') return (await import('./plan-svg.js')).renderPlanSvg(picture);
  return (await import('./plan-page.js')).renderPlanPage(picture);
}

async function chooseColors(): Promise<{ bold(text: string): string; dim(text: string): string }> {
  const { default: colors } = await import('picocolors');
  const wanted = process.stdout.isTTY && (process.env.NO_COLOR ?? '') === '';
  return colors.createColors(wanted);
}

function pictureOf(plan: Plan, preset: string): PlanPicture {
  return {
    title: preset,
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
