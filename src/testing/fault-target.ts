import type { Pipeline } from '../pipeline/pipeline.js';
import type { RunOptions } from '../pipeline/run.js';
import type { ErrnoName } from '../syscalls/errno.js';
import type { MockOptions, MockSyscalls } from '../syscalls/mock-syscalls.js';
import type { CallName } from '../syscalls/syscalls.js';

/** What is given to a run beside the adapter and the root. */
export type FaultRunOptions = Partial<Omit<RunOptions, 'syscalls' | 'rootfs' | 'observers'>>;

/** A pipeline whose calls are to fail, one by one. */
export interface FaultTarget {
  readonly name: string;
  /** Made anew for each run. */
  readonly pipeline: () => Pipeline;
  /** The machine it runs on; a small one unless given. Made anew for each run. */
  readonly machine?: () => MockOptions;
  /** `/srv/root` unless given; null where a step makes the root. */
  readonly rootfs?: string | null;
  /** What else is given to run(), which may need descriptors of the fresh machine. */
  readonly run?: FaultRunOptions | ((sys: MockSyscalls) => FaultRunOptions);
  /**
   * Only calls of these steps get every errno, those of other steps one each. For a variant of a
   * pipeline whose other steps have been gone through before.
   */
  readonly focus?: readonly string[];
}

/** A fault that was injected, and what was wrong then. */
export interface FaultFailure {
  /** The step, or an empty text for calls before the first. */
  readonly step: string;
  /** The call as it is printed, more than one where faults were combined, none without a fault. */
  readonly call: string;
  readonly errno: string;
  /** What should not have been, a line each. */
  readonly problems: readonly string[];
}

/** An error that a run went on after, and by what right. */
export interface AbsorbedFault {
  readonly step: string;
  readonly call: CallName;
  readonly errno: ErrnoName;
  /** `fallback NAME`, or why the error means no failure. */
  readonly by: string;
}

/** What became of a pipeline in which every call has failed once. */
export interface FaultReport {
  readonly name: string;
  /** Calls of a run without faults. */
  readonly calls: number;
  /** Pairs of a call and an errno. */
  readonly errnos: number;
  /** Runs, those with two faults and those without fallbacks included. */
  readonly cases: number;
  readonly absorbed: readonly AbsorbedFault[];
  readonly failures: readonly FaultFailure[];
}
