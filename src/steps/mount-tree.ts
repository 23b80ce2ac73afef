import type { StepContext } from '../pipeline/step.js';
import { AT_FDCWD, type Fd } from '../syscalls/descriptor.js';
import {
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  O_NOFOLLOW,
  O_PATH,
  S_IFDIR,
  S_IFMT,
  STATX_BASIC_STATS,
} from '../syscalls/file-flags.js';
import { flags, type Flags } from '../syscalls/flags.js';
import {
  MNT_DETACH,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
  OPEN_TREE_AT_EMPTY_PATH,
  OPEN_TREE_AT_RECURSIVE,
  OPEN_TREE_AT_SYMLINK_NOFOLLOW,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  type OpenTreeFlags,
} from '../syscalls/mount-flags.js';
import { fdPath, type HostPath } from '../syscalls/paths.js';
import type { RootDir } from '../syscalls/root-dir.js';
import { isErrno } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { openThrough, orClose } from './attach-mount.js';
import { checkPlace } from './identity.js';
import { attributeChange, type MountAttributes } from './mount-attributes.js';

/** What is to be shown in a second place. */
export interface TreeSource {
  /** A path of the host; of the container with `inContainer`. */
  readonly path: HostPath | string;
  readonly inContainer?: boolean | undefined;
  /** Also what is mounted below it; yes unless told otherwise. */
  readonly recursive?: boolean | undefined;
  /** Follows a symbolic link at the end; else the link itself is shown. */
  readonly follow?: boolean | undefined;
}

const CLONE = flags(OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC);
const NONE = 0 as Flags<never>;

/** A detached copy of what is mounted at a source. @throws SyscallError of open_tree(2). */
export function cloneTree(sys: Syscalls, { root }: StepContext, source: TreeSource): Fd {
  const recursive: OpenTreeFlags = source.recursive === false ? NONE : OPEN_TREE_AT_RECURSIVE;
  const follow = source.follow !== false;
  try {
    if (source.inContainer !== true) {
      const last: OpenTreeFlags = follow ? NONE : OPEN_TREE_AT_SYMLINK_NOFOLLOW;
      return sys.open_tree(AT_FDCWD, source.path as HostPath, flags(CLONE, recursive, last));
    }
    const place = root.open(source.path, follow ? O_PATH : flags(O_PATH, O_NOFOLLOW));
    return openThrough(sys, place, () =>
      sys.open_tree(place, '', flags(CLONE, recursive, OPEN_TREE_AT_EMPTY_PATH)),
    );
  } catch (error) {
    if (source.recursive !== false || !isErrno(error, 'EINVAL')) throw error;
    throw error.withHint(
      'what is mounted below it may be locked by the user namespace above: bind it recursively',
    );
  }
}

/**
 * Changes what a mount allows, of the whole tree or of its uppermost mount.
 *
 * @throws SyscallError of mount_setattr(2).
 */
export function changeAttributes(
  sys: Syscalls,
  tree: Fd,
  attributes: MountAttributes,
  { recursive }: { readonly recursive: boolean },
): void {
  const change = attributeChange(attributes);
  if (change === undefined) return;
  try {
    sys.mount_setattr(tree, '', flags(AT_EMPTY_PATH, recursive ? AT_RECURSIVE : NONE), change);
  } catch (error) {
    if (!isErrno(error, 'EPERM')) throw error;
    throw error.withHint(
      'flags that a user namespace has inherited are locked: they can be added to and not taken back',
    );
  }
}

/**
 * Attaches a kept detached mount for a while: before Linux 6.15 what is detached can neither be
 * copied nor be a layer of an overlay.
 *
 * @returns detaches it again; so does undo, where it did not come to that.
 */
export function attachForNow(
  sys: Syscalls,
  context: StepContext,
  mount: Fd,
  target: Fd,
): () => void {
  let attached = true;
  const detach = (): void => {
    if (attached) sys.umount2(fdPath(mount), MNT_DETACH);
    attached = false;
  };
  sys.move_mount(mount, '', target, '', flags(MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH));
  context.defer(detach);
  return detach;
}

/**
 * A place to mount something, made if it is missing: a directory for a directory, an empty file
 * for anything else.
 *
 * @param like a descriptor of what is to be mounted; `directory` where that is not there yet.
 * With `follow` it is where a symbolic link leads, inside the root; else over the link.
 * @throws SyscallError; PathError when something else is in the way; NsinitError when a link leads
 *   into /proc or /sys, or to the root itself.
 */
export function openMountPoint(
  sys: Syscalls,
  { root }: StepContext,
  target: string,
  like: Fd | 'directory',
  { follow = true }: { readonly follow?: boolean } = {},
): Fd {
  const place = (follow ? undefined : findLink(root, target)) ?? makePlace(sys, root, target, like);
  return orClose(sys, place, () => {
    checkPlace(sys, root.fd, place, target);
    return place;
  });
}

/** What is there already, a symbolic link itself. */
function findLink(root: RootDir, target: string): Fd | undefined {
  try {
    return root.open(target, flags(O_PATH, O_NOFOLLOW));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function makePlace(sys: Syscalls, root: RootDir, target: string, like: Fd | 'directory'): Fd {
  return like === 'directory' || isDirectory(sys, like)
    ? root.mkdirAll(target, 0o755)
    : root.ensureFile(target, 0o644);
}

function isDirectory(sys: Syscalls, fd: Fd): boolean {
  const { mode } = sys.statx(fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
  return (mode & S_IFMT) === S_IFDIR;
}
