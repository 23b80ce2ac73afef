import { copyTree } from './clone-mount.js';
import { refuse } from './errors.js';
import type { Inode } from './inode.js';
import type { Kernel } from './kernel.js';
import { topOf, type Location } from './location.js';
import { lockTree } from './locks.js';
import type { Mount } from './mount.js';
import { checkRoom, type MountNamespace } from './mount-namespace.js';
import type { PeerGroup } from './peer-group.js';
import { receiversOf } from './peer-group.js';

/** Where a tree is to be mounted: a mount, and the file of it that will be covered. */
interface Placement {
  readonly tree: Mount;
  readonly parent: Mount;
}

/**
 * Finds what a new mount will cover: the top of the stack at a place. A directory that was removed
 * and a mount that was unmounted cannot be mounted on.
 */
export function lockMountpoint(location: Location): Location {
  const top = topOf(location);
  checkMountable(top);
  return top;
}

/** Refuses a place that cannot be mounted on any more. */
export function checkMountable({ mount, inode }: Location): void {
  if (inode.unlinked || mount.namespace === undefined) refuse('ENOENT');
}

/** Mounts a tree, and copies of it wherever the mount that it goes on propagates to. */
export function attachTree(
  kernel: Kernel,
  source: Mount,
  { mount: parent, inode: at }: Location,
): void {
  // What arrives here by propagation may have to be put on top of it.
  if (topOfStack(source).root.unlinked) refuse('ENOENT');
  const moving = source.parent !== undefined;
  checkRoom(mountsAdded(source, parent, at, moving), kernel.limits.mountMax);
  const copies: Placement[] = [];
  if (parent.group !== undefined) {
    for (const mount of source.tree()) kernel.groups.share(mount);
    propagate(kernel, source, parent, at, copies);
  }
  leaveOldPlace(source);
  for (const placement of [{ tree: source, parent }, ...copies.reverse()]) {
    settle(kernel, placement, at);
  }
}

// A tree that was detached until now leaves its own namespace as a whole.
function leaveOldPlace(source: Mount): void {
  if (source.parent !== undefined) {
    source.detach();
    return;
  }
  const { namespace } = source;
  if (namespace === undefined) return;
  for (const mount of source.tree()) namespace.drop(mount);
  namespace.root = undefined;
}

function settle(kernel: Kernel, { tree, parent }: Placement, at: Inode): void {
  const namespace = parent.namespace;
  if (namespace === undefined) return;
  // A tree that comes from a more privileged namespace must not be taken apart here.
  if (namespace.owner !== kernel.process.mountNamespace.owner) lockTree(tree);
  const covered = parent.childAt(at);
  if (covered !== undefined) {
    const top = topOfStack(tree);
    covered.detach();
    covered.attachTo(top, top.root);
  }
  tree.attachTo(parent, at);
  namespace.take(tree);
}

function topOfStack(tree: Mount): Mount {
  let top = tree;
  for (let cover = top.cover; cover !== undefined; cover = top.cover) top = cover;
  return top;
}

/** Whether a mount gets a copy of what is mounted on a peer or master of it. */
function receives(mount: Mount, at: Inode): boolean {
  const { namespace } = mount;
  return namespace !== undefined && !namespace.anonymous && mount.root.contains(at);
}

function mountsAdded(
  source: Mount,
  parent: Mount,
  at: Inode,
  moving: boolean,
): Map<MountNamespace, number> {
  const size = [...source.tree()].length;
  const added = new Map<MountNamespace, number>();
  const places = receiversOf(parent).filter((mount) => receives(mount, at));
  if (!moving) places.push(parent);
  for (const { namespace } of places) {
    if (namespace !== undefined) added.set(namespace, (added.get(namespace) ?? 0) + size);
  }
  return added;
}

/**
 * Makes the copies (sharedsubtree.rst of the kernel). Peers of the destination get peers of the
 * source; a group of slaves gets slaves of the copies that its masters got.
 */
function propagate(
  kernel: Kernel,
  source: Mount,
  parent: Mount,
  at: Inode,
  copies: Placement[],
): void {
  const spread = (members: readonly Mount[], template: Mount, asSlave: boolean): void => {
    const followers = slavesOf(members);
    let last = template;
    let slave = asSlave;
    for (const member of members) {
      if (member === parent || !receives(member, at)) continue;
      last = copyTree(kernel, last, last.root, {
        slave,
        shared: !slave || member.group !== undefined,
      });
      slave = false;
      copies.push({ tree: last, parent: member });
    }
    for (const group of followers) spread(group, last, true);
  };
  spread(establishedMembers(parent), source, false);
}

// Copies join groups while they are made; those are not to be copied to again.
function establishedMembers(mount: Mount): Mount[] {
  const members = mount.group === undefined ? [mount] : [...mount.group.members];
  return members.filter((member) => member.namespace !== undefined);
}

/** The slaves of a peer group, those that are peers among themselves together. */
function slavesOf(members: readonly Mount[]): Mount[][] {
  const group = members[0]?.group;
  if (group === undefined) return [];
  const together = new Map<PeerGroup | Mount, Mount[]>();
  for (const slave of group.slaves) {
    if (slave.namespace === undefined) continue;
    const key = slave.group ?? slave;
    together.set(key, [...(together.get(key) ?? []), slave]);
  }
  return [...together.values()];
}
