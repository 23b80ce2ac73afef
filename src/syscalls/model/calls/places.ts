import { AT_FDCWD } from '../../descriptor.js';
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, RESOLVE_IN_ROOT } from '../../file-flags.js';
import { refuse } from '../errors.js';
import type { Kernel } from '../kernel.js';
import type { Location } from '../location.js';
import { lookup } from '../walk.js';

/** Where resolution of a path begins: an absolute path does not care about the descriptor. */
export function startOf(kernel: Kernel, dirfd: number, path: string, resolve = 0): Location {
  const { process } = kernel;
  if (path.startsWith('/') && (resolve & RESOLVE_IN_ROOT) === 0) return process.root;
  return dirfd === AT_FDCWD ? process.cwd : process.files.get(dirfd).location;
}

/** A file by descriptor and path, with the `AT_` flags that most calls have. */
export function fileAt(kernel: Kernel, dirfd: number, path: string, flags: number): Location {
  if (path === '') {
    if ((flags & AT_EMPTY_PATH) === 0) refuse('ENOENT');
    return startOf(kernel, dirfd, path);
  }
  const follow = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  return lookup(kernel.process, startOf(kernel, dirfd, path), path, { follow });
}

/** A file by path alone, links followed. */
export function fileBy(
  kernel: Kernel,
  path: string,
  options: { directory?: boolean; mountpoint?: boolean } = {},
): Location {
  return lookup(kernel.process, startOf(kernel, AT_FDCWD, path), path, {
    follow: true,
    ...options,
  });
}

/** Refuses bits that a call does not know. */
export function onlyFlags(flags: number, known: number): void {
  if ((flags & ~known) !== 0) refuse('EINVAL');
}
