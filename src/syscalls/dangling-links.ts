import type { Fd } from './descriptor.js';
import {
  AT_EMPTY_PATH,
  O_NOFOLLOW,
  O_PATH,
  S_IFLNK,
  S_IFMT,
  STATX_BASIC_STATS,
} from './file-flags.js';
import { flags } from './flags.js';
import { PathError } from './paths.js';
import { isErrno, SyscallError } from './syscall-error.js';
import type { Syscalls } from './syscalls.js';
import { withFd } from './with-fd.js';

// As many as the kernel follows (path_resolution(7)).
const MOST_LINKS = 40;

/**
 * Where a path leads although what its links name is not there yet, as a path of the root without
 * links: an image has /var/lock as a link to /run/lock, and /run is empty. The kernel answers
 * ENOENT for such a path, and follows no link to make what is missing (mkdir(2)).
 *
 * It is read and not opened: another process may change it at once, so that what is made by it has
 * to be made without following links.
 *
 * @param open opens a path inside the root, which may not lead out of it.
 * @param first what was refused before, and is told when this is refused as well.
 * @throws SyscallError, the first one; PathError when there are too many links.
 */
export function followDangling(
  sys: Syscalls,
  open: (path: string, how: typeof LINK_ITSELF) => Fd,
  path: string,
  first: SyscallError,
): string {
  const done: string[] = [];
  const ahead = path.split('/').reverse();
  let links = 0;
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      done.pop();
      continue;
    }
    const target = readLink(sys, first, () => open(`/${[...done, name].join('/')}`, LINK_ITSELF));
    if (target === undefined) {
      done.push(name);
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) throw new PathError(`${path} leads through too many symbolic links`);
    if (target.startsWith('/')) done.length = 0;
    ahead.push(...target.split('/').reverse());
  }
  return `/${done.join('/')}`;
}

const LINK_ITSELF = flags(O_PATH, O_NOFOLLOW);

/** What a link says; undefined for what is none, or not there. */
function readLink(sys: Syscalls, first: SyscallError, open: () => Fd): string | undefined {
  try {
    return withFd(sys, open(), (fd) => {
      const { mode } = sys.statx(fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
      return (mode & S_IFMT) === S_IFLNK ? sys.readlinkat(fd, '') : undefined;
    });
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error instanceof SyscallError ? first : error;
  }
}
