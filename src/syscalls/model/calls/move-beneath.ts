import { refuse } from '../errors.js';
import type { Inode } from '../inode.js';
import type { Kernel } from '../kernel.js';
import { isMountRoot, type Location } from '../location.js';
import type { Mount } from '../mount.js';

/**
 * Where a tree goes that is to be slid in below the top mount of a place (MOVE_MOUNT_BENEATH,
 * Linux 6.5): the file that the top mount covers now.
 */
export function placeBelow({ mount }: Location): Location {
  const { parent, mountpoint, namespace } = mount;
  if (namespace === undefined) refuse('ENOENT');
  if (parent === undefined || mountpoint === undefined) {
    return refuse(mount.root.unlinked ? 'ENOENT' : 'EINVAL');
  }
  return { mount: parent, inode: mountpoint };
}

/** Checks that a tree may be slid in between a mount and what it is on. */
export function checkBeneath(kernel: Kernel, from: Location, to: Location, below: Location): void {
  if (!isMountRoot(to)) refuse('EINVAL');
  if (to.mount.locked || from.mount.childAt(from.inode) !== undefined) refuse('EINVAL');
  const { root, mountNamespace } = kernel.process;
  if (to.mount === root.mount || below.mount === mountNamespace.root) refuse('EINVAL');
  if (to.mount.isAbove(from.mount)) refuse('EINVAL');
  // Copies that propagation makes must not come to lie on what they are copies of.
  if (wouldCover(below.mount, to.mount, below.inode)) refuse('EINVAL');
  if (kernel.isOurs(from.mount) && wouldCover(below.mount, from.mount, below.inode))
    refuse('EINVAL');
}

function wouldCover(from: Mount, to: Mount, mountpoint: Inode): boolean {
  if (from.group === undefined || to.root !== mountpoint) return false;
  if (to.group === from.group) return true;
  for (let master = to.master; master !== undefined; master = [...master.members][0]?.master) {
    if (master === from.group) return true;
  }
  return false;
}
