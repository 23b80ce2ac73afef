import type { Fd } from './descriptor.js';
import {
  AT_EMPTY_PATH,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  S_IFDIR,
  S_IFMT,
  STATX_BASIC_STATS,
  type OpenFlags,
  type ResolveFlags,
} from './file-flags.js';
import { flags } from './flags.js';
import { component, PathError, type InRootPath } from './paths.js';
import { isErrno } from './syscall-error.js';
import type { Syscalls } from './syscalls.js';
import { orClose } from './with-fd.js';

/** A directory, to be gone on from. */
export const DIRECTORY = flags(O_PATH, O_DIRECTORY, O_CLOEXEC);
/** What no path of a root is resolved without. */
export const IN_ROOT = flags(RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS);

// As often as others are seen to ask again; an attacker who renames without end gets an error.
const MOST_TRIES = 128;

/** Opens a path inside a root. @throws SyscallError of openat2(2). */
export function openWithin(
  sys: Syscalls,
  root: Fd,
  path: string,
  openFlags: OpenFlags,
  resolve: ResolveFlags,
): Fd {
  const how = { flags: flags(openFlags, O_CLOEXEC), resolve: flags(resolve, IN_ROOT) };
  for (let tries = 1; ; tries += 1) {
    try {
      return sys.openat2(root, path as InRootPath, how);
    } catch (error) {
      // Something was renamed or mounted, anywhere on the machine, while a `..` was resolved.
      if (!isErrno(error, 'EAGAIN')) throw error;
      if (tries === MOST_TRIES)
        throw error.withHint('the path is being changed all the time by another process');
    }
  }
}

/**
 * Opens a directory in a directory, never through a link: with O_NOFOLLOW that is ENOTDIR too
 * (openat2(2)).
 *
 * @throws SyscallError
 */
export function openRealDirectory(sys: Syscalls, directory: Fd, name: string): Fd {
  try {
    return sys.openat2(directory, component(name), { flags: flags(DIRECTORY, O_NOFOLLOW) });
  } catch (error) {
    if (!isErrno(error, 'ENOTDIR', 'ELOOP')) throw error;
    const where = `${sys.descriptors.get(directory)}/${name}`.replace('//', '/');
    throw error.withHint(
      `${where} must be a directory and no link, and something else is in its place`,
    );
  }
}

/** The descriptor, unless it is a directory's. @throws PathError; SyscallError */
export function refuseDirectory(sys: Syscalls, fd: Fd): Fd {
  return orClose(sys, fd, () => {
    const { mode } = sys.statx(fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
    if ((mode & S_IFMT) !== S_IFDIR) return fd;
    const where = sys.descriptors.get(fd);
    throw new PathError(`${where} must be a file, and something else is in its place`);
  });
}
