import type { Fd } from '../syscalls/descriptor.js';
import { F_GETFL, F_SETFL, O_NONBLOCK } from '../syscalls/file-flags.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';

const STANDARD = 3;

/**
 * Makes descriptors 0, 1 and 2 of a command such as programs expect them, as `child_process` does.
 * Node has made a pipe one that does not block as soon as `process.stdout` is looked at, and the
 * command shares its description (open(2)): what it writes to a full one would be lost.
 */
export function makeStdioBlock(sys: Syscalls, stdio: readonly (Fd | 'null')[]): void {
  for (const entry of stdio.slice(0, STANDARD)) if (entry !== 'null') makeBlock(sys, entry);
}

function makeBlock(sys: Syscalls, fd: Fd): void {
  try {
    const how = sys.fcntl(fd, F_GETFL, 0);
    if ((how & O_NONBLOCK) !== 0) sys.fcntl(fd, F_SETFL, how & ~O_NONBLOCK);
  } catch (error) {
    // EBADF: the caller has closed it, which sendmsg(2) will say.
    if (!(error instanceof SyscallError)) throw error;
  }
}
