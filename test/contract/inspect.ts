import { AT_FDCWD, type Fd } from '../../src/syscalls/descriptor.js';
import {
  AT_SYMLINK_NOFOLLOW,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  S_IFDIR,
  S_IFMT,
  STATX_BASIC_STATS,
} from '../../src/syscalls/file-flags.js';
import {
  CGROUP2_SUPER_MAGIC,
  PROC_SUPER_MAGIC,
  SYSFS_MAGIC,
} from '../../src/syscalls/file-system-magic.js';
import { flags } from '../../src/syscalls/flags.js';
import type { AtPath } from '../../src/syscalls/paths.js';
import { SyscallError } from '../../src/syscalls/syscall-error.js';
import type { Syscalls } from '../../src/syscalls/syscalls.js';
import { describeResult } from './describe-result.js';

const DIRECTORY = flags(O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC);

/** What these show is of the machine. */
const SHOWN_BY_THE_KERNEL: ReadonlySet<number> = new Set([
  PROC_SUPER_MAGIC,
  SYSFS_MAGIC,
  CGROUP2_SUPER_MAGIC,
]);

/** Lists all files below a path with what can be compared of them, mounts crossed. */
export function listTree(sys: Syscalls, path: string): string[] {
  const lines: string[] = [];
  const visit = (dirfd: Fd, name: string, shown: string): void => {
    attempt(lines, shown, () => {
      const fd = sys.openat2(dirfd, name as AtPath, { flags: DIRECTORY });
      try {
        if (SHOWN_BY_THE_KERNEL.has(sys.fstatfs(fd).type)) return;
        for (const entry of entriesOf(sys, fd)) describe(fd, entry, `${shown}/${entry}`);
      } finally {
        sys.close(fd);
      }
    });
  };
  const describe = (dirfd: Fd, name: string, shown: string): void => {
    attempt(lines, shown, () => {
      const stat = sys.statx(dirfd, name as AtPath, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS);
      lines.push(`${shown} ${describeResult('statx', stat)}`);
      if ((stat.mode & S_IFMT) === S_IFDIR) visit(dirfd, name, shown);
    });
  };
  visit(AT_FDCWD, path, path);
  return lines;
}

function entriesOf(sys: Syscalls, fd: Fd): string[] {
  const names: string[] = [];
  for (let some = sys.getdents64(fd); some.length > 0; some = sys.getdents64(fd)) {
    names.push(...some.map((entry) => entry.name));
  }
  return names.filter((name) => name !== '.' && name !== '..').sort();
}

function attempt(lines: string[], shown: string, look: () => void): void {
  try {
    look();
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    lines.push(`${shown} ${error.code}`);
  }
}
