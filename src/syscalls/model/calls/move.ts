import { attachTree, checkMountable } from '../attach.js';
import { refuse } from '../errors.js';
import type { Kernel } from '../kernel.js';
import { isMountRoot, topOf, type Location } from '../location.js';
import type { Mount } from '../mount.js';
import { isUsableDetached } from './bind.js';
import { checkBeneath, placeBelow } from './move-beneath.js';

/** Moves a tree of mounts, or attaches a detached one: MS_MOVE and move_mount(2). */
export function moveTree(kernel: Kernel, from: Location, to: Location, beneath: boolean): void {
  if (!isMountRoot(from) || from.inode.isDirectory !== to.inode.isDirectory) refuse('EINVAL');
  if (beneath && !isMountRoot(to)) refuse('EINVAL');
  const top = topOf(to);
  const below = beneath ? placeBelow(top) : top;
  checkMountable(below);
  const old = from.mount;
  checkSource(kernel, old, below.mount);
  if (beneath) checkBeneath(kernel, from, top, below);
  // An unbindable mount cannot be copied to where the destination propagates to.
  if (below.mount.group !== undefined && containsUnbindable(old)) refuse('EINVAL');
  if (old.isAbove(below.mount)) refuse('ELOOP');
  attachTree(kernel, old, below);
}

function checkSource(kernel: Kernel, old: Mount, destination: Mount): void {
  if (kernel.isOurs(old)) {
    if (old.parent === undefined || old.locked) refuse('EINVAL');
    if (!kernel.isOurs(destination)) refuse('EINVAL');
    // Its peers would lose the mount as well, or keep it: neither is what was asked for.
    if (old.parent.group !== undefined) refuse('EINVAL');
    return;
  }
  const { namespace } = old;
  if (namespace === undefined || !namespace.anonymous || namespace.root !== old) refuse('EINVAL');
  if (namespace === destination.namespace) refuse('EINVAL');
  if (!kernel.isOurs(destination) && !isUsableDetached(kernel, destination)) refuse('EINVAL');
}

function containsUnbindable(tree: Mount): boolean {
  for (const mount of tree.tree()) if (mount.unbindable) return true;
  return false;
}
