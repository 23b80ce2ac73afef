import type { Inode } from './inode.js';
import {
  MNT_ATIME_MASK,
  MNT_NODEV,
  MNT_NOEXEC,
  MNT_NOSUID,
  MNT_READONLY,
  type Mount,
} from './mount.js';

const LOCKABLE = MNT_READONLY | MNT_NODEV | MNT_NOSUID | MNT_NOEXEC;

/**
 * Locks a tree that comes into a less privileged mount namespace: its flags may not be taken back,
 * and no mount but the first may be taken off alone (mount_namespaces(7), RESTRICTIONS).
 */
export function lockTree(tree: Mount): void {
  for (const mount of tree.tree()) {
    mount.lockedFlags |= (mount.flags & LOCKABLE) | MNT_ATIME_MASK;
    if (mount !== tree) mount.locked = true;
  }
}

/** Whether new flags keep those that are locked. */
export function keepsLockedFlags(mount: Mount, flags: number): boolean {
  const kept = mount.lockedFlags & LOCKABLE;
  if ((flags & kept) !== kept) return false;
  if ((mount.lockedFlags & MNT_ATIME_MASK) === 0) return true;
  return (mount.flags & MNT_ATIME_MASK) === (flags & MNT_ATIME_MASK);
}

/** Whether a copy of the directory alone would show what locked mounts hide. */
export function hasLockedChildren(mount: Mount, directory: Inode): boolean {
  return mount.children.some(
    (child) =>
      child.locked && child.mountpoint !== undefined && directory.contains(child.mountpoint),
  );
}
