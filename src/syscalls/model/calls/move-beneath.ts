import { refuse } from '../errors.js';
import type { Inode } from '../inode.js';
import type { Kernel } from '../kernel.js';
import { isMountRoot, type Location } from '../location.js';
import type { Mount } from '../mount.js';

/**
 * Where a tree goes that is to be slid in below the top mount of a place (MOVE_MOUNT_BENEATH,
 * Linux 6.5): the file that the top mount covers now.
 */
export function placeBeneath(kernel: Kernel, from: Location, to: Location): Location {
  const { parent, mountpoint } = to.mount;
  if (parent === undefined || mountpoint === undefined || !isMountRoot(to)) return refuse('EINVAL');
  if (to.mount.locked || from.mount.childAt(from.inode) !== undefined) refuse('EINVAL');
  const { root, mountNamespace } = kernel.process;
  if (to.mount === root.mount || parent === mountNamespace.root) refuse('EINVAL');
  if (to.mount.isAbove(from.mount)) refuse('EINVAL');
  // Copies that propagation makes must not come to lie on what they are copies of.
  if (wouldCover(parent, to.mount, mountpoint)) refuse('EINVAL');
  if (kernel.isOurs(from.mount) && wouldCover(parent, from.mount, mountpoint)) refuse('EINVAL');
  return { mount: parent, inode: mountpoint };
}

function wouldCover(from: Mount, to: Mount, mountpoint: Inode): boolean {
  if (from.group === undefined || to.root !== mountpoint) return false;
  if (to.group === from.group) return true;
  for (let master = to.master; master !== undefined; master = [...master.members][0]?.master) {
    if (master === from.group) return true;
  }
  return false;
}
