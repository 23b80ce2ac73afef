import {
  AT_EMPTY_PATH,
  AT_NO_AUTOMOUNT,
  AT_RECURSIVE,
  AT_SYMLINK_NOFOLLOW,
  O_CLOEXEC,
  O_PATH,
} from '../../file-flags.js';
import {
  FSMOUNT_CLOEXEC,
  MOUNT_ATTR_IDMAP,
  MOVE_MOUNT_BENEATH,
  MOVE_MOUNT_F_AUTOMOUNTS,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_F_SYMLINKS,
  MOVE_MOUNT_SET_GROUP,
  MOVE_MOUNT_T_AUTOMOUNTS,
  MOVE_MOUNT_T_EMPTY_PATH,
  MOVE_MOUNT_T_SYMLINKS,
  MS_PRIVATE,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
  OPEN_TREE_CLONE,
} from '../../mount-flags.js';
import type { MountAttr } from '../../syscalls.js';
import { refuse } from '../errors.js';
import { checkMayMap, mapFromDescriptor } from '../idmap.js';
import type { Kernel } from '../kernel.js';
import { isMountRoot, type Location } from '../location.js';
import { keepsLockedFlags } from '../locks.js';
import { MNT_READONLY, type Mount } from '../mount.js';
import { OpenFile } from '../open-file.js';
import type { PropagationType } from '../peer-group.js';
import { checkMayBecomeReadonly } from '../reconfigure.js';
import { tooRevealing } from '../revealing.js';
import { copyForBind } from './bind.js';
import {
  flagChange,
  flagsFromAttributes,
  KNOWN_ATTRIBUTES,
  type FlagChange,
} from './mount-flags.js';
import { moveTree } from './move.js';
import { fileAt, onlyFlags } from './places.js';
import { setGroup } from './set-group.js';

/** open_tree(2): a descriptor of a place, or of a detached copy of what is mounted there. */
export function open_tree(kernel: Kernel, dirfd: number, path: string, flags: number): number {
  const at = AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW;
  onlyFlags(flags, at | OPEN_TREE_CLONE | O_CLOEXEC);
  const clone = (flags & OPEN_TREE_CLONE) !== 0;
  const recursive = (flags & AT_RECURSIVE) !== 0;
  if (recursive && !clone) refuse('EINVAL');
  if (clone) kernel.checkMayMount();
  const from = fileAt(kernel, dirfd, path, flags);
  const file = clone ? detachedCopy(kernel, from, recursive) : new OpenFile(from, O_PATH);
  return kernel.process.files.install(file, (flags & O_CLOEXEC) !== 0);
}

function detachedCopy(kernel: Kernel, from: Location, recursive: boolean): OpenFile {
  const tree = copyForBind(kernel, from, recursive);
  const { namespace } = from.mount;
  return holdTree(kernel, tree, namespace?.anonymous === true ? namespace.origin : namespace);
}

function holdTree(
  kernel: Kernel,
  tree: Mount,
  origin: Parameters<Kernel['createDetached']>[0],
): OpenFile {
  const namespace = kernel.createDetached(origin);
  namespace.root = tree;
  namespace.take(tree);
  const file = new OpenFile({ mount: tree, inode: tree.root }, O_PATH);
  file.holdsTree = true;
  return file;
}

/** fsmount(2): a detached mount of a file system that was configured. */
export function fsmount(kernel: Kernel, fd: number, flags: number, attributes: number): number {
  kernel.checkMayMount();
  onlyFlags(flags, FSMOUNT_CLOEXEC);
  onlyFlags(attributes, KNOWN_ATTRIBUTES);
  const mountFlags = flagsFromAttributes(attributes);
  const context = kernel.process.files.getOpened(fd).context ?? refuse('EINVAL');
  const fileSystem = context.fileSystem ?? refuse('EINVAL');
  const locks = tooRevealing(kernel, fileSystem, mountFlags);
  if (context.phase !== 'created') refuse('EBUSY');
  const tree = kernel.createMount(fileSystem, context.source);
  tree.flags = mountFlags;
  tree.lockedFlags = locks;
  context.phase = 'mounted';
  const file = holdTree(kernel, tree, undefined);
  return kernel.process.files.install(file, (flags & FSMOUNT_CLOEXEC) !== 0);
}

/** move_mount(2). */
export function move_mount(
  kernel: Kernel,
  fromFd: number,
  fromPath: string,
  toFd: number,
  toPath: string,
  flags: number,
): void {
  kernel.checkMayMount();
  const from = MOVE_MOUNT_F_SYMLINKS | MOVE_MOUNT_F_AUTOMOUNTS | MOVE_MOUNT_F_EMPTY_PATH;
  const to = MOVE_MOUNT_T_SYMLINKS | MOVE_MOUNT_T_AUTOMOUNTS | MOVE_MOUNT_T_EMPTY_PATH;
  onlyFlags(flags, from | to | MOVE_MOUNT_SET_GROUP | MOVE_MOUNT_BENEATH);
  const beneath = (flags & MOVE_MOUNT_BENEATH) !== 0;
  const group = (flags & MOVE_MOUNT_SET_GROUP) !== 0;
  if (beneath && group) refuse('EINVAL');
  const has = (bit: number): boolean => (flags & bit) !== 0;
  checkEmptyPath(fromPath, has(MOVE_MOUNT_F_EMPTY_PATH));
  checkEmptyPath(toPath, has(MOVE_MOUNT_T_EMPTY_PATH));
  const toPlace = side(kernel, toFd, toPath, has(MOVE_MOUNT_T_SYMLINKS));
  const fromPlace = side(kernel, fromFd, fromPath, has(MOVE_MOUNT_F_SYMLINKS));
  if (group) setGroup(kernel, fromPlace, toPlace);
  else moveTree(kernel, fromPlace, toPlace, beneath);
}

function checkEmptyPath(path: string, allowed: boolean): void {
  if (path === '' && !allowed) refuse('ENOENT');
}

function side(kernel: Kernel, fd: number, path: string, follow: boolean): Location {
  return fileAt(kernel, fd, path, AT_EMPTY_PATH | (follow ? 0 : AT_SYMLINK_NOFOLLOW));
}

const PROPAGATION: ReadonlyMap<number, PropagationType> = new Map([
  [MS_SHARED, 'shared'],
  [MS_SLAVE, 'slave'],
  [MS_PRIVATE, 'private'],
  [MS_UNBINDABLE, 'unbindable'],
] as const);

/** mount_setattr(2): changes flags, of a whole tree if asked, and all of it or nothing. */
export function mount_setattr(
  kernel: Kernel,
  dirfd: number,
  path: string,
  flags: number,
  attr: MountAttr,
): void {
  onlyFlags(flags, AT_EMPTY_PATH | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT);
  kernel.checkMayMount();
  const { attr_set: set = 0, attr_clr: clear = 0, propagation = 0 } = attr;
  if (set === 0 && clear === 0 && propagation === 0) return;
  const type = propagation === 0 ? undefined : (PROPAGATION.get(propagation) ?? refuse('EINVAL'));
  onlyFlags(set | clear, KNOWN_ATTRIBUTES | MOUNT_ATTR_IDMAP);
  const change = flagChange(set, clear);
  if ((clear & MOUNT_ATTR_IDMAP) !== 0) refuse('EINVAL');
  const map =
    (set & MOUNT_ATTR_IDMAP) === 0 ? undefined : mapFromDescriptor(kernel, attr.userns_fd);
  const at = fileAt(kernel, dirfd, path, flags);
  if (!isMountRoot(at)) refuse('EINVAL');
  if (!isDetachedRoot(at.mount) && !kernel.isOurs(at.mount)) refuse('EINVAL');
  const changed = (flags & AT_RECURSIVE) !== 0 ? [...at.mount.tree()] : [at.mount];
  for (const mount of changed) {
    checkChange(kernel, mount, change);
    if (map !== undefined) checkMayMap(kernel, mount, map);
  }
  for (const mount of changed) {
    mount.flags = (mount.flags & ~change.clear) | change.set;
    if (map !== undefined) mount.idmap = map;
    if (type !== undefined) kernel.groups.change(mount, type);
  }
}

function isDetachedRoot({ namespace, parent }: Mount): boolean {
  return namespace?.anonymous === true && parent === undefined;
}

function checkChange(kernel: Kernel, mount: Mount, { clear, set }: FlagChange): void {
  if (!keepsLockedFlags(mount, (mount.flags & ~clear) | set)) refuse('EPERM');
  const becomesReadonly = (set & MNT_READONLY) !== 0 && (mount.flags & MNT_READONLY) === 0;
  if (becomesReadonly) checkMayBecomeReadonly(kernel, mount);
}
