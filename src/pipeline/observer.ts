import type { TracedCall } from '../syscalls/tracing-syscalls.js';
import type { StepError } from './errors.js';

/** Is told what a run does. It must neither throw nor wait. */
export interface Observer {
  stepStart?(step: string): void;
  /** @param micros how long the step took, in microseconds. */
  stepEnd?(step: string, micros: number): void;
  stepFail?(error: StepError): void;
  /** Every call, undo included. Without such an observer no call is traced. */
  syscall?(step: string, call: TracedCall): void;
  fallback?(step: string, name: string, error: unknown): void;
}
