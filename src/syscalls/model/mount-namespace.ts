import { refuse } from './errors.js';
import type { Mount } from './mount.js';
import type { UserNamespace } from './user-namespace.js';

/**
 * A tree of mounts that processes share (mount_namespaces(7)). A detached tree, as open_tree(2) and
 * fsmount(2) make them, is one too: it has no process in it and ends with its descriptor.
 */
export class MountNamespace {
  readonly mounts = new Set<Mount>();
  root: Mount | undefined;
  /** Other processes are in it. */
  inhabited = false;

  constructor(
    readonly inum: number,
    readonly owner: UserNamespace,
    /** A detached tree. */
    readonly anonymous = false,
    /** Where a detached tree was copied from; only there may it be used (Linux 6.15). */
    readonly origin?: MountNamespace,
  ) {}

  /** Takes in a tree, but for what is in a namespace already. */
  take(tree: Mount): void {
    if (tree.namespace !== undefined) return;
    tree.namespace = this;
    this.mounts.add(tree);
    for (const child of tree.children) this.take(child);
  }

  drop(mount: Mount): void {
    this.mounts.delete(mount);
    mount.namespace = undefined;
  }
}

/** Refuses when mounts would exceed /proc/sys/fs/mount-max (Linux 4.9). */
export function checkRoom(added: ReadonlyMap<MountNamespace, number>, mountMax: number): void {
  for (const [namespace, count] of added) {
    if (namespace.mounts.size + count > mountMax) refuse('ENOSPC');
  }
}

/** A mount is gone from its namespace; descriptors may still hold it. */
export function markUnmounted(mount: Mount): void {
  mount.unmounted = true;
  mount.namespace?.drop(mount);
}
