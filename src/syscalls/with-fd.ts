import type { Fd } from './descriptor.js';
import { SyscallError } from './syscall-error.js';
import type { Syscalls } from './syscalls.js';

/** Runs with a descriptor that is closed afterwards, whatever happens. */
export function withFd<T>(sys: Syscalls, fd: Fd, use: (fd: Fd) => T): T {
  const result = orClose(sys, fd, use);
  sys.close(fd);
  return result;
}

/** Runs with a descriptor that is closed when that fails, and stays open when it does not. */
export function orClose<T>(sys: Syscalls, fd: Fd, use: (fd: Fd) => T): T {
  try {
    return use(fd);
  } catch (error) {
    closeAfterFailure(sys, fd);
    throw error;
  }
}

// The first error is the one to be told. This one changes nothing: the descriptor is released
// whatever close(2) answers.
function closeAfterFailure(sys: Syscalls, fd: Fd): void {
  try {
    sys.close(fd);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
  }
}

/** Opens something through a descriptor that is closed then: what was opened is not lost. */
export function openThrough(sys: Syscalls, through: Fd, open: (through: Fd) => Fd): Fd {
  const opened = orClose(sys, through, open);
  return orClose(sys, opened, () => {
    sys.close(through);
    return opened;
  });
}
