import { AT_FDCWD } from '../syscalls/descriptor.js';
import {
  AT_SYMLINK_NOFOLLOW,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  STATX_BASIC_STATS,
} from '../syscalls/file-flags.js';
import type { MountinfoEntry } from '../syscalls/mountinfo.js';
import { containerPath } from '../syscalls/paths.js';
import { isErrno, SyscallError } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import type { Expectation, FileExpectation } from './expectation.js';
import { MountTable } from './mount-table.js';

/**
 * What of the finished container is not as the steps promised, a line each.
 *
 * @param mounts the container's mounts, or undefined when they cannot be read.
 */
export function findDifferences(
  sys: Syscalls,
  expectations: readonly Expectation[],
  mounts: readonly MountinfoEntry[] | undefined,
): string[] {
  const table = new MountTable(mounts ?? [], expectations);
  const differences: string[] = mounts === undefined ? [] : table.differences();
  expectations.forEach((expected, index) => {
    if ('path' in expected) {
      // What the user has mounted over it hides it, as was asked for.
      if (!table.coveredLater(expected.path, index))
        differences.push(...compareFile(sys, expected));
    } else if ('that' in expected && !expected.holds(sys)) {
      differences.push(`it was asked that ${expected.that}, and it does not hold`);
    }
  });
  return differences;
}

function compareFile(sys: Syscalls, expected: FileExpectation): string[] {
  const { path } = expected;
  try {
    const found = expected.target === undefined ? look(sys, path) : follow(sys, path);
    return isAsExpected(expected, found)
      ? []
      : [`${path} should be ${describe(expected)} and is ${describe(found)}`];
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    return [`${path} should be ${describe(expected)}: ${error.message}`];
  }
}

type FoundFile = Omit<FileExpectation, 'path'>;

function isAsExpected({ type, device, target }: FileExpectation, found: FoundFile): boolean {
  if (found.type !== type || found.target !== target) return false;
  return (
    device === undefined ||
    (found.device?.major === device.major && found.device.minor === device.minor)
  );
}

function look(sys: Syscalls, path: string): FoundFile {
  const { mode, rdev } = sys.statx(
    AT_FDCWD,
    containerPath(path),
    AT_SYMLINK_NOFOLLOW,
    STATX_BASIC_STATS,
  );
  const type = mode & S_IFMT;
  return type === S_IFCHR || type === S_IFBLK ? { type, device: rdev } : { type };
}

function follow(sys: Syscalls, path: string): FoundFile {
  try {
    return { type: S_IFLNK, target: sys.readlinkat(AT_FDCWD, containerPath(path)) };
  } catch (error) {
    // It is no link.
    if (isErrno(error, 'EINVAL')) return look(sys, path);
    throw error;
  }
}

const TYPES = new Map<number, string>([
  [S_IFREG, 'a regular file'],
  [S_IFDIR, 'a directory'],
  [S_IFLNK, 'a symbolic link'],
  [S_IFCHR, 'the character device'],
  [S_IFBLK, 'the block device'],
  [S_IFIFO, 'a fifo'],
  [S_IFSOCK, 'a socket'],
]);

function describe({ type, device, target }: FoundFile): string {
  const name = TYPES.get(type) ?? 'a file';
  if (device !== undefined) return `${name} ${device.major}:${device.minor}`;
  return target === undefined ? name : `${name} to ${JSON.stringify(target)}`;
}
