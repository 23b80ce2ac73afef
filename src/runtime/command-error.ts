import type { SyscallError } from '../syscalls/syscall-error.js';

/** The container stands, and its command could not be executed. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: 'NSINIT_COMMAND_NOT_FOUND' | 'NSINIT_COMMAND_NOT_EXECUTABLE';
  /** What a shell would exit with: 127 when it was not found, 126 when it cannot be executed. */
  readonly exitStatus: 126 | 127;
  override readonly cause: SyscallError;

  constructor(
    /** The command as it was asked for. */
    readonly command: string,
    cause: SyscallError,
  ) {
    const missing = cause.code === 'ENOENT' || cause.code === 'ENOTDIR';
    super(
      missing
        ? `command ${JSON.stringify(command)} was not found in the container; a script may lack its interpreter there`
        : `command ${JSON.stringify(command)} cannot be executed in the container: ${cause.code}`,
    );
    this.cause = cause;
    this.code = missing ? 'NSINIT_COMMAND_NOT_FOUND' : 'NSINIT_COMMAND_NOT_EXECUTABLE';
    this.exitStatus = missing ? 127 : 126;
  }
}
