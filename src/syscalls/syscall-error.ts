import { recognizeAcrossCopies } from './across-copies.js';
import type { ErrnoName } from './errno.js';
import { errnoName, errnoText } from './errno.js';
import type { CallName } from './syscalls.js';

/** The kernel refused a call. */
export class SyscallError extends Error {
  override readonly name = 'SyscallError';
  /** The errno's name, such as `EPERM`. */
  readonly code: ErrnoName | `errno ${number}`;

  /**
   * @param syscall the call's name.
   * @param errno the error number, positive as in errno(3).
   * @param args the arguments as they are printed, flags by name.
   * @param hint what to do about it, where a cause can be told.
   */
  constructor(
    readonly syscall: CallName | (string & {}),
    readonly errno: number,
    readonly args: readonly string[],
    readonly hint?: string,
  ) {
    const code = errnoName(errno);
    const call = `${syscall}(${args.join(', ')}): ${code}: ${errnoText(errno)}`;
    super(hint === undefined ? call : `${call} (${hint})`);
    this.code = code;
  }

  /** The same error, with what was found out about its cause. */
  withHint(hint: string): SyscallError {
    const explained = new SyscallError(this.syscall, this.errno, this.args, hint);
    explained.cause = this;
    return explained;
  }
}
recognizeAcrossCopies(SyscallError, 'SyscallError');

/** Whether the kernel refused with one of these error names. */
export function isErrno(error: unknown, ...codes: readonly ErrnoName[]): error is SyscallError {
  return error instanceof SyscallError && (codes as readonly string[]).includes(error.code);
}
