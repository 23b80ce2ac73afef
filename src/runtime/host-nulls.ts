import type { Fd } from '../syscalls/descriptor.js';
import { AT_EMPTY_PATH, S_IFCHR, S_IFMT, STATX_BASIC_STATS } from '../syscalls/file-flags.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';

/**
 * Which of the command's descriptors are the host's null device, as those of a service are. The
 * container's takes their place: through the host's, root inside could change mode and owner of
 * the machine's node. Judged by type and number, since a file may have the number alone
 * (CVE-2026-88265).
 */
export function findHostNulls(sys: Syscalls, stdio: readonly (Fd | 'null')[]): readonly number[] {
  return stdio.flatMap((entry, place) => (entry !== 'null' && isNull(sys, entry) ? [place] : []));
}

function isNull(sys: Syscalls, fd: Fd): boolean {
  try {
    const { mode, rdev } = sys.statx(fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
    return (mode & S_IFMT) === S_IFCHR && rdev.major === 1 && rdev.minor === 3;
  } catch (error) {
    // EBADF: the caller has closed it, which sendmsg(2) will say.
    if (error instanceof SyscallError) return false;
    throw error;
  }
}
