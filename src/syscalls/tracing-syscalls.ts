import { formatArgs } from './call-table.js';
import { InterceptedSyscalls, type Proceed } from './intercepted-syscalls.js';
import { SyscallError } from './syscall-error.js';
import type { CallArgs, CallName, CallResult, Syscalls } from './syscalls.js';
import { formatResult } from './format-result.js';

/** One call that was made, as it is printed and compared. */
export interface TracedCall {
  readonly call: CallName;
  /** The arguments as C would write them, flags and descriptors by name. */
  readonly args: readonly string[];
  /** The result as text; for a refused call the errno's name. */
  readonly result: string;
  /** Whether the kernel refused. */
  readonly failed: boolean;
  /** How long the call took, in microseconds. */
  readonly micros: number;
}

/** Prints a traced call as strace does. */
export function formatTracedCall(traced: TracedCall): string {
  const outcome = traced.failed ? `-1 ${traced.result}` : traced.result;
  return `${traced.call}(${traced.args.join(', ')}) = ${outcome}`;
}

/** Passes every call on to another adapter and tells an observer of it, refused ones included. */
export class TracingSyscalls extends InterceptedSyscalls {
  /**
   * @param inner the adapter that makes the calls.
   * @param observe is told of each call after it was made. It must not throw or wait.
   */
  constructor(
    inner: Syscalls,
    private readonly observe: (traced: TracedCall) => void,
  ) {
    super(inner);
  }

  protected override intercept<N extends CallName>(
    name: N,
    args: CallArgs<N>,
    proceed: Proceed<N>,
  ): CallResult<N> {
    // Before the call: it may give the descriptor among the arguments another name.
    const shown = formatArgs(name, args, this.descriptors);
    const started = performance.now();
    const tell = (result: string, failed: boolean): void =>
      this.observe({
        call: name,
        args: shown,
        result,
        failed,
        micros: (performance.now() - started) * 1000,
      });
    let value: CallResult<N>;
    try {
      value = proceed();
    } catch (error) {
      tell(error instanceof SyscallError ? error.code : String(error), true);
      throw error;
    }
    tell(formatResult(name, value, this.descriptors), false);
    return value;
  }
}
