import { cloneMount, copyTree } from '../clone-mount.js';
import { notModelled, refuse } from '../errors.js';
import type { Kernel } from '../kernel.js';
import type { Location } from '../location.js';
import { hasLockedChildren } from '../locks.js';
import type { Mount } from '../mount.js';

/** Copies what a place shows, for MS_BIND and open_tree(2) with OPEN_TREE_CLONE. */
export function copyForBind(kernel: Kernel, from: Location, recursive: boolean): Mount {
  const old = from.mount;
  if (from.inode.namespace !== undefined) notModelled('clones of files that stand for namespaces');
  if (old.unbindable || !mayCopy(kernel, from)) refuse('EINVAL');
  // Alone it would show what the locked mounts on it hide.
  if (!recursive && hasLockedChildren(old, from.inode)) refuse('EINVAL');
  return recursive
    ? copyTree(kernel, old, from.inode, {})
    : cloneMount(kernel, old, from.inode, {});
}

function mayCopy(kernel: Kernel, { mount, inode }: Location): boolean {
  return kernel.isOurs(mount) || inode.namespace !== undefined || isUsableDetached(kernel, mount);
}

/** A detached tree may be used where it came from (Linux 6.15). */
export function isUsableDetached(kernel: Kernel, { namespace }: Mount): boolean {
  if (namespace === undefined || !namespace.anonymous) return false;
  return namespace.origin === undefined || namespace.origin === kernel.process.mountNamespace;
}
