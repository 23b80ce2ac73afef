import { formatArgs } from './call-table.js';
import { ERRNO, type ErrnoName } from './errno.js';
import { InterceptedSyscalls, type Proceed } from './intercepted-syscalls.js';
import { SyscallError } from './syscall-error.js';
import type { CallArgs, CallName, CallResult, Syscalls } from './syscalls.js';

/** Which call is to fail, once. */
export interface InjectedFault {
  /** From 1: of all calls, or of those of a name. */
  readonly nth: number;
  readonly errno: ErrnoName;
  /** Counts the calls of this name only. */
  readonly name?: CallName | undefined;
}

/** One call that an adapter was asked for. */
export interface PassedCall {
  readonly name: CallName;
  readonly args: CallArgs;
  /** What was thrown, the injected error included. */
  readonly error?: unknown;
}

/**
 * Fails chosen calls on their way to another adapter, the real kernel's too. A call fails before
 * it has an effect; only close(2) releases its descriptor whatever it answers (close(2), NOTES).
 */
export class FailingSyscalls extends InterceptedSyscalls {
  /** Every call in order. */
  readonly calls: PassedCall[] = [];
  readonly #counts = new Map<CallName, number>();

  constructor(
    inner: Syscalls,
    private readonly faults: readonly InjectedFault[],
  ) {
    super(inner);
  }

  protected override intercept<N extends CallName>(
    name: N,
    args: CallArgs<N>,
    proceed: Proceed<N>,
  ): CallResult<N> {
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    const ofRun = this.calls.length + 1;
    const due = this.faults.find((fault) =>
      fault.name === undefined ? fault.nth === ofRun : fault.name === name && fault.nth === count,
    );
    const shown = due === undefined ? [] : formatArgs(name, args, this.descriptors);
    try {
      if (due === undefined || name === 'close') {
        const result = proceed();
        if (due === undefined) {
          this.calls.push({ name, args });
          return result;
        }
      }
      throw new SyscallError(name, ERRNO[due.errno], shown);
    } catch (error) {
      this.calls.push({ name, args, error });
      throw error;
    }
  }
}
