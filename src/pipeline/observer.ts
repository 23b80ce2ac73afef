import type { TracedCall } from '../syscalls/tracing-syscalls.js';
import type { StepError } from './errors.js';
import type { Progress } from './prepare.js';

/** Is told what a run does. It must neither throw nor wait. */
export interface Observer {
  /** What is prepared on the host, before the run, has come so far. */
  progress?(step: string, progress: Progress): void;
  /** A step begins. */
  stepStart?(step: string): void;
  /** A step has succeeded. @param micros how long it took, in microseconds. */
  stepEnd?(step: string, micros: number): void;
  /** The root was switched: from now on nothing can be taken back. */
  rootSwitch?(step: string): void;
  /** A step has failed, and what the earlier ones did is about to be taken back. */
  undoStart?(step: string, cause: unknown): void;
  /** One effect is about to be taken back. @param step the one that has failed. */
  undo?(step: string): void;
  /** Everything was taken back, or nothing could be. */
  undoEnd?(step: string): void;
  /** A step has failed, and all that could be was taken back. */
  stepFail?(error: StepError): void;
  /** Every call, undo included. Without such an observer no call is traced. */
  syscall?(step: string, call: TracedCall): void;
  /** A fallback was taken. @param cost what is lost by it. */
  fallback?(step: string, name: string, error: unknown, cost: string): void;
}
