import { parseMountinfo } from '../syscalls/mountinfo.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import type { TracedCall } from '../syscalls/tracing-syscalls.js';
import type { HostPath } from '../syscalls/paths.js';
import { StepError } from './errors.js';
import type { Observer } from './observer.js';
import type { PlannedStep } from './pipeline-entry.js';
import type { Prepared } from './prepare.js';
import type { RunOptions, RunReport, TakenFallback } from './run.js';

/** A call that a run would make. */
export interface PlannedCall {
  readonly call: string;
  /** As C would write them, flags and descriptors by name. */
  readonly args: readonly string[];
  /** The result as text; for a refused call the errno's name. */
  readonly result: string;
  readonly failed: boolean;
}

/** A step with what it would do. */
export interface PlannedStepCalls extends PlannedStep {
  readonly calls: readonly PlannedCall[];
  /** Fallbacks that would be taken on this machine. */
  readonly fallbacks: readonly TakenFallback[];
}

/** A mount of the finished container. */
export interface PlannedMount {
  readonly mountPoint: string;
  readonly fstype: string;
  readonly source: string;
  /** As mountinfo has them: `ro,nosuid,nodev`. */
  readonly options: string;
  /** As mountinfo has it: `master:1`, `shared:2`; empty for a private mount. */
  readonly propagation: readonly string[];
}

/** Where a run would fail, or the plan cannot go on. */
export interface PlannedFailure {
  /** The step, or an empty text before the first. */
  readonly step: string;
  readonly message: string;
  /** What would become of the steps before. */
  readonly undo: 'done' | 'failed' | 'impossible';
  /** The model does not know what the step asks for, or what would be prepared: a run may well do it. */
  readonly unknown?: true;
}

/** A call that would be refused, in the step that makes it. */
export interface RefusedCall extends PlannedCall {
  readonly step: string;
}

/** What a run would do, as plain data: `schemas/plan.schema.json` describes it as JSON. */
export interface Plan {
  /** Changes when a field changes its meaning or goes. */
  readonly version: 1;
  /** The root directory on the host; null where a step makes the root. */
  readonly rootfs: string | null;
  /** Calls before the first step: the root is opened. */
  readonly before: readonly PlannedCall[];
  readonly steps: readonly PlannedStepCalls[];
  /** Calls after the last step: what was kept open is closed. */
  readonly after: readonly PlannedCall[];
  /** The mount table of the finished container; empty where the run would fail. */
  readonly mounts: readonly PlannedMount[];
  /** What could not be known of the machine, and was taken to be so. */
  readonly assumptions: readonly string[];
  /** What is wrong with the order, although it was forced. */
  readonly problems: readonly string[];
  /** Null where the run would come to its end. */
  readonly failure: PlannedFailure | null;
  /** What the calling user would be refused, in a user namespace of its own. */
  readonly refused: readonly RefusedCall[];
}

/** The ids of a modelled user namespace, as uid_map and gid_map have them (user_namespaces(7)). */
export interface ModelledIdMaps {
  readonly uids: readonly ModelledIdRange[];
  readonly gids: readonly ModelledIdRange[];
}

/** Ids of a modelled user namespace that follow one another. */
export interface ModelledIdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** A modelled machine: `MockSyscalls` is one. */
export interface ModelledMachine extends Syscalls {
  readonly state: { readonly mountinfo: string; readonly assumptions: readonly string[] };
  /** Makes a user namespace that nothing runs in. @returns the path that leads to it. */
  openUserNamespace(maps: ModelledIdMaps): HostPath;
}

/** What is known before it is run. */
export interface PlanStart {
  readonly machine: ModelledMachine;
  readonly described: readonly PlannedStep[];
  readonly problems: readonly string[];
  readonly rootfs: string | undefined;
  readonly prepared: Prepared;
}

/** Makes a plan of what is run with an observer, on a modelled machine. */
export function recordPlan(
  { machine, described, problems, rootfs, prepared }: PlanStart,
  run: (observer: Observer) => RunReport,
): Plan {
  const recorder = new PlanRecorder(described);
  const failure = failureOf(prepared, () => run(recorder));
  return {
    version: 1,
    rootfs: rootfs ?? null,
    before: recorder.before,
    steps: recorder.steps,
    after: recorder.after,
    mounts: failure === null ? mountsOf(machine) : [],
    assumptions: machine.state.assumptions,
    problems,
    failure,
    refused: [],
  };
}

function failureOf(prepared: Prepared, run: () => RunReport): PlannedFailure | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof StepError) {
      const { step, message, undo, cause } = error;
      return { step, message, undo, ...(isUnknown(cause, prepared) ? { unknown: true } : {}) };
    }
    return {
      step: '',
      message: error instanceof Error ? error.message : String(error),
      undo: 'done',
    };
  }
}

// By its code, since a plan may be made where no model is loaded.
function isUnknown(cause: unknown, { unrehearsed = [] }: Prepared): boolean {
  if (!(cause instanceof Error) || !('code' in cause)) return false;
  return (
    cause.code === 'NSINIT_NOT_MODELLED' ||
    cause.code === 'NSINIT_HOST_UNREADABLE' ||
    (cause.code === 'NSINIT_MISSING_VALUE' && unrehearsed.length > 0)
  );
}

const mountsOf = (machine: ModelledMachine): PlannedMount[] =>
  parseMountinfo(machine.state.mountinfo).map(
    ({ mountPoint, fstype, source, options, propagation }) => ({
      mountPoint,
      fstype,
      source,
      options,
      propagation,
    }),
  );

interface StepRecord extends PlannedStepCalls {
  readonly calls: PlannedCall[];
  readonly fallbacks: TakenFallback[];
}

/** Keeps what a run does, step by step; not what it takes back. */
class PlanRecorder implements Observer {
  readonly before: PlannedCall[] = [];
  readonly after: PlannedCall[] = [];
  readonly steps: StepRecord[];
  #at = -1;
  #into: PlannedCall[] | undefined = this.before;

  constructor(described: readonly PlannedStep[]) {
    this.steps = described.map((step) => ({ ...step, calls: [], fallbacks: [] }));
  }

  stepStart(): void {
    this.#at += 1;
    this.#into = this.steps[this.#at]?.calls;
  }

  stepEnd(): void {
    this.#into = this.after;
  }

  undoStart(): void {
    this.#into = undefined;
  }

  fallback(step: string, fallback: string, error: unknown, cost: string): void {
    this.steps[this.#at]?.fallbacks.push({
      step,
      fallback,
      cost,
      error: error instanceof Error ? error.message : String(error),
    });
  }

  syscall(_step: string, { call, args, result, failed }: TracedCall): void {
    this.#into?.push({ call, args, result, failed });
  }
}

/** How a plan is made; the rest as for a run. */
export type PlanOnOptions = Omit<RunOptions, 'syscalls' | 'observers'>;
