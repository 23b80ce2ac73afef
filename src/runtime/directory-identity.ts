import { AT_FDCWD } from '../syscalls/descriptor.js';
import { STATX_BASIC_STATS, type AtFlags } from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import { hostPath } from '../syscalls/paths.js';
import type { Syscalls } from '../syscalls/syscalls.js';

/** Which directory a path leads to, for a comparison. @throws SyscallError */
export function directoryIdentity(sys: Syscalls, path: string): string {
  const { dev, ino } = sys.statx(AT_FDCWD, hostPath(path), flags<AtFlags>(), STATX_BASIC_STATS);
  return `${dev.major}:${dev.minor}:${ino}`;
}
