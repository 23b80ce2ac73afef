import { refuse } from './errors.js';
import type { FileSystem } from './file-system.js';
import type { Kernel } from './kernel.js';
import { MNT_ATIME_MASK, MNT_READONLY, type Mount } from './mount.js';

/**
 * Refuses a new proc or sysfs that would show more than is visible already: in a user namespace
 * one must be there whole, with nothing locked over its files (user_namespaces(7)).
 *
 * @returns flags that the new mount has to keep, since the visible one has them.
 */
export function tooRevealing(kernel: Kernel, fileSystem: FileSystem, flags: number): number {
  const { mountNamespace } = kernel.process;
  if (mountNamespace.owner === kernel.initialUserNamespace) return 0;
  if (fileSystem.traits.revealing !== true) return 0;
  for (const mount of mountNamespace.mounts) {
    if (!showsAll(mount, fileSystem)) continue;
    const locked = lockedFlagsOf(mount);
    if (allows(mount, locked, flags)) return locked & (MNT_READONLY | MNT_ATIME_MASK);
  }
  return refuse('EPERM');
}

function lockedFlagsOf(mount: Mount): number {
  return mount.lockedFlags | (mount.fileSystem.readonly ? MNT_READONLY : 0);
}

function allows(mount: Mount, locked: number, flags: number): boolean {
  if ((locked & MNT_READONLY) !== 0 && (flags & MNT_READONLY) === 0) return false;
  if ((locked & MNT_ATIME_MASK) === 0) return true;
  return (mount.flags & MNT_ATIME_MASK) === (flags & MNT_ATIME_MASK);
}

function showsAll(mount: Mount, wanted: FileSystem): boolean {
  if (mount.fileSystem.traits.type !== wanted.traits.type) return false;
  if (mount.root !== mount.fileSystem.root) return false;
  return mount.children.every(
    (child) => !child.locked || child.mountpoint?.permanentlyEmpty === true,
  );
}
