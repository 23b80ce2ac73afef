import type { Mount } from './mount.js';
import { markUnmounted } from './mount-namespace.js';
import { receiversOf } from './peer-group.js';

/**
 * Which mounts go because their like was unmounted elsewhere (propagate_umount.txt of the kernel,
 * Linux 6.17). A copy stays when something is mounted inside it, or when it is locked and what it
 * is on stays; what merely covers it is slid down into its place.
 */
export function propagatedUnmounts(leaving: readonly Mount[]): Mount[] {
  const candidates = gather(leaving);
  for (const mount of [...candidates].reverse()) keepIfInUse(mount, candidates);
  const order = [...candidates].reverse();
  const committed: Mount[] = [];
  for (const mount of order) commitUnlessLocked(mount, candidates, committed);
  for (const mount of committed) slideCover(mount);
  return committed;
}

function gather(leaving: readonly Mount[]): Set<Mount> {
  const candidates = new Set<Mount>();
  for (const { parent, mountpoint } of leaving) {
    if (parent === undefined || mountpoint === undefined) continue;
    for (const receiver of receiversOf(parent)) {
      const copy = receiver.childAt(mountpoint);
      if (copy !== undefined && !copy.unmounted) candidates.add(copy);
    }
  }
  return candidates;
}

// What is mounted inside and stays would lose its place; then all that it is on stays as well.
function keepIfInUse(mount: Mount, candidates: Set<Mount>): void {
  if (!candidates.has(mount)) return;
  const staying = mount.children.filter((child) => !child.unmounted && !candidates.has(child));
  if (staying.length === 0) return;
  if (staying.some((child) => child !== mount.cover)) candidates.delete(mount);
  // Its cover, if that is all that stays, will hang where the mount hung: the parent has to stay.
  for (let at = mount; at.parent !== undefined && candidates.has(at.parent); at = at.parent) {
    if (at.parent.cover !== at) candidates.delete(at.parent);
  }
}

// A locked mount goes only together with what it is on.
function commitUnlessLocked(mount: Mount, candidates: Set<Mount>, committed: Mount[]): void {
  if (!candidates.has(mount)) return;
  const chain: Mount[] = [];
  let unlockedUpTo = 0;
  let at: Mount | undefined = mount;
  while (at !== undefined && candidates.has(at)) {
    candidates.delete(at);
    chain.push(at);
    if (!at.locked) unlockedUpTo = chain.length;
    at = at.parent;
  }
  const going = at?.unmounted === true ? chain : chain.slice(0, unlockedUpTo);
  for (const gone of going) {
    markUnmounted(gone);
    committed.push(gone);
  }
}

function slideCover(mount: Mount): void {
  const { cover } = mount;
  if (cover === undefined || cover.unmounted) return;
  let bottom: Mount = mount;
  while (bottom.parent?.unmounted === true) bottom = bottom.parent;
  const { parent, mountpoint } = bottom;
  if (parent === undefined || mountpoint === undefined) return;
  cover.detach();
  cover.attachTo(parent, mountpoint);
}
