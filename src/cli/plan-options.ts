import { release } from 'node:os';
import type { Pipeline } from '../pipeline/pipeline.js';
import type { Plan } from '../pipeline/plan.js';
import { NAMESPACE_NAMES } from '../runtime/namespaces.js';
import type { PlanPipelineOptions } from '../runtime/plan-pipeline.js';
import { isPrivileged } from '../runtime/privileges.js';
import type { NamespacePlan } from '../runtime/start-container.js';
import type { RunFlags } from './run-options.js';

/** Whose privileges a plan is made with: root's, also where an ordinary user asks. */
export const planPrivileged = (): boolean => process.geteuid?.() !== 0 || isPrivileged();

/** A plan, and what it was made of. */
export interface Planned {
  readonly plan: Plan;
  readonly pipeline: Pipeline;
  readonly options: PlanPipelineOptions;
  /** What a picture of it is called. */
  readonly title: string;
}

/** What is planned: the machine as those find it who make the calls. */
export function planOptionsOf(
  given: Pick<RunFlags, 'force' | 'fallbacks'>,
  { namespaces, maps }: NamespacePlan,
  container: {
    readonly rootfs: string | undefined;
    readonly terminal: boolean;
    /** Whether calls may be made outside of the PID namespace. */
    readonly outside: boolean;
  },
): PlanPipelineOptions {
  const userNamespace = namespaces.user !== 'shared';
  const [uid, gid] =
    userNamespace || process.geteuid?.() === 0
      ? [process.geteuid?.() ?? 0, process.getegid?.() ?? 0]
      : [0, 0];
  return {
    rootfs: container.rootfs,
    own: NAMESPACE_NAMES.filter((name) => namespaces[name] !== 'shared'),
    caller: { uid, gid, userNamespace, maps },
    force: given.force,
    noFallbacks: !given.fallbacks,
    outsidePidNamespace: container.outside && hasPidnsOption(),
    terminal: container.terminal,
  };
}

// Only root could ask the kernel (`pidns` of proc, Linux 6.17), as a run does.
function hasPidnsOption(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 17);
}

/** What a plan cannot know of namespaces that are joined. */
export function assumptionsOf({ namespaces }: NamespacePlan): readonly string[] {
  return NAMESPACE_NAMES.flatMap((name) => {
    const choice = namespaces[name];
    if (typeof choice !== 'object') return [];
    const like = name === 'mount' ? 'has the mounts of this one' : 'is like a new one';
    return [`the ${name} namespace ${choice.join} ${like}`];
  });
}
