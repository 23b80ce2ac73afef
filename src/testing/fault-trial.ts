import { StepError } from '../pipeline/errors.js';
import type { Observer } from '../pipeline/observer.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import type { RunReport } from '../pipeline/run.js';
import type { ErrnoName } from '../syscalls/errno.js';
import { MockSyscalls, type RecordedCall } from '../syscalls/mock-syscalls.js';
import { CLONE_NEWNS } from '../syscalls/process-flags.js';
import { TracingSyscalls } from '../syscalls/tracing-syscalls.js';
import type { FaultTarget } from './fault-target.js';

/** One call to fail: its index in the run, from 0. */
export interface Fault {
  readonly index: number;
  readonly errno: ErrnoName;
}

/** When a step began: its name, how many calls had been made, and the umask. */
export interface StepMark {
  readonly step: string;
  readonly at: number;
  readonly umask: number;
}

/** One run on a fresh machine, with the machine before and after it. */
export interface Trial {
  readonly pipeline: Pipeline;
  /** Calls of the run alone. */
  readonly calls: readonly RecordedCall[];
  /** The same as text, where they were to be traced. */
  readonly traced: readonly string[];
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly umask: number;
  readonly marks: readonly StepMark[];
  /** How many calls had been made when the root had been switched. */
  readonly switchedAt: number | undefined;
  /** How many calls had been made when undo began. */
  readonly undoAt: number | undefined;
  /** The same for each effect that was taken back, and for the end of it. */
  readonly undoMarks: readonly number[];
  readonly error: unknown;
  readonly report: RunReport | undefined;
}

interface TrialOptions {
  readonly faults?: readonly Fault[];
  readonly noFallbacks?: boolean;
  readonly trace?: boolean;
}

/** Runs a target's pipeline on a fresh machine. Nothing that the run throws is thrown. */
export function tryOut(target: FaultTarget, options: TrialOptions = {}): Trial {
  const machine = target.machine?.() ?? {};
  const sys = new MockSyscalls(machine);
  // As a pipeline runs: in a mount namespace of its own. Root of a user namespace has one already.
  if (machine.credentials?.userNamespace === undefined) sys.unshare(CLONE_NEWNS);
  const given = typeof target.run === 'function' ? target.run(sys) : (target.run ?? {});
  const pipeline = target.pipeline();
  const prepared = pipeline.rehearse(sys, given);
  const before = sys.state.snapshot();
  const skipped = sys.calls.length;
  for (const { index, errno } of options.faults ?? []) sys.failAt(skipped + index + 1, errno);
  const watch = new Watch(sys, skipped);
  const traced: string[] = [];
  const tracing = new TracingSyscalls(sys, ({ call, args }) =>
    traced.push(`${call}(${args.join(', ')})`),
  );
  let error: unknown;
  let report: RunReport | undefined;
  try {
    report = pipeline.run({
      prepared,
      ...given,
      ...(options.noFallbacks === true ? { noFallbacks: true } : {}),
      syscalls: options.trace === true ? tracing : sys,
      rootfs: target.rootfs === null ? undefined : (target.rootfs ?? '/srv/root'),
      observers: [watch],
    });
  } catch (thrown) {
    error = thrown;
  }
  const { marks, switchedAt, undoAt, undoMarks } = watch;
  return {
    pipeline,
    calls: sys.calls.slice(skipped),
    traced,
    before,
    after: sys.state.snapshot(),
    umask: sys.state.umask,
    marks,
    switchedAt,
    undoAt,
    undoMarks,
    error,
    report,
  };
}

class Watch implements Observer {
  readonly marks: StepMark[] = [];
  switchedAt: number | undefined;
  undoAt: number | undefined;
  readonly undoMarks: number[] = [];

  constructor(
    private readonly sys: MockSyscalls,
    private readonly skipped: number,
  ) {}

  stepStart(step: string): void {
    this.marks.push({ step, at: this.#made, umask: this.sys.state.umask });
  }

  rootSwitch(): void {
    this.switchedAt = this.#made;
  }

  undoStart(): void {
    this.undoAt = this.#made;
  }

  undo(): void {
    this.undoMarks.push(this.#made);
  }

  undoEnd(): void {
    this.undoMarks.push(this.#made);
  }

  get #made(): number {
    return this.sys.calls.length - this.skipped;
  }
}

/** In which step a call was made; undefined before the first. */
export function stepAt({ marks }: Trial, index: number): StepMark | undefined {
  return marks.findLast(({ at }) => at <= index);
}

/** What a failed step threw. */
export function causeOf(error: unknown): unknown {
  if (error instanceof StepError) return error.cause;
  return error instanceof Error ? error.cause : undefined;
}
