import type { Mount } from './mount.js';

/** How a mount takes part in propagation (mount_namespaces(7), SHARED SUBTREES). */
export type PropagationType = 'shared' | 'slave' | 'private' | 'unbindable';

/**
 * Mounts that exchange mount and unmount events: `shared:N` in mountinfo. Its slaves receive
 * events and send none back: `master:N`.
 */
export class PeerGroup {
  readonly members = new Set<Mount>();
  readonly slaves = new Set<Mount>();

  constructor(readonly id: number) {}
}

/** Group ids are reused, the lowest free first. */
export class PeerGroups {
  readonly #used = new Set<number>();

  create(): PeerGroup {
    let id = 1;
    while (this.#used.has(id)) id += 1;
    this.#used.add(id);
    return new PeerGroup(id);
  }

  /** Makes a mount shared, in a group of its own unless it has one. */
  share(mount: Mount): void {
    if (mount.group === undefined) this.join(mount, this.create());
    mount.unbindable = false;
  }

  join(mount: Mount, group: PeerGroup): void {
    mount.group = group;
    group.members.add(mount);
  }

  follow(mount: Mount, master: PeerGroup | undefined): void {
    mount.master?.slaves.delete(mount);
    mount.master = master;
    master?.slaves.add(mount);
  }

  change(mount: Mount, type: PropagationType): void {
    if (type === 'shared') {
      this.share(mount);
      return;
    }
    // A slave follows the peers it had; without any, whom it followed already.
    const hadPeers = mount.group !== undefined && mount.group.members.size > 1;
    const source = hadPeers ? mount.group : mount.master;
    this.#leave(mount);
    this.follow(mount, type === 'slave' ? source : undefined);
    if (type !== 'slave') mount.unbindable = type === 'unbindable';
  }

  // When the last member leaves, its slaves follow whom it followed: events still reach them.
  #leave(mount: Mount): void {
    const group = mount.group;
    if (group === undefined) return;
    group.members.delete(mount);
    mount.group = undefined;
    if (group.members.size > 0) return;
    for (const slave of group.slaves) this.follow(slave, mount.master);
    this.#used.delete(group.id);
  }
}

/** All mounts that an event on a mount propagates to: its peers, their slaves, and so on. */
export function receiversOf(mount: Mount): Mount[] {
  if (mount.group === undefined) return [];
  const found = new Set<Mount>();
  collect(mount.group, found);
  found.delete(mount);
  return [...found];
}

function collect(group: PeerGroup, found: Set<Mount>): void {
  for (const member of group.members) found.add(member);
  for (const slave of group.slaves) {
    if (found.has(slave)) continue;
    found.add(slave);
    if (slave.group !== undefined) collect(slave.group, found);
  }
}
