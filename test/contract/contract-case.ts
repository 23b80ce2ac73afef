import type { Trial } from './trial.js';
import type { Caller } from './world.js';

/** A body of calls that is made on the model and on the kernel, and must come to the same. */
export interface ContractCase {
  readonly name: string;
  /** Who can make it; both unless given. */
  readonly caller?: Caller;
  /** It changes namespaces of the thread that cannot be gone back to: in a process of its own. */
  readonly isolated?: boolean;
  run(trial: Trial): void;
}

/** What a case came to: the outcome of each call, and the mounts and files that were left. */
export interface Outcome {
  readonly log: readonly string[];
  readonly mounts: readonly string[];
  readonly files: readonly string[];
  /** What the case itself found wrong. */
  readonly complaint?: string;
}
