import { copyTree } from './clone-mount.js';
import { refuse } from './errors.js';
import type { Kernel } from './kernel.js';
import type { Location } from './location.js';
import { lockTree } from './locks.js';
import type { Mount } from './mount.js';
import { endIfUnused } from './namespace-lifetime.js';
import type { UserNamespace } from './user-namespace.js';

/**
 * Gives the process a mount namespace of its own (unshare(2), CLONE_NEWNS). Unbindable mounts are
 * copied too, and peers stay peers across the namespaces. In a less privileged user namespace the
 * copies follow the originals instead, and are locked (mount_namespaces(7), RESTRICTIONS).
 */
export function copyMountNamespace(kernel: Kernel, owner: UserNamespace): void {
  const { process } = kernel;
  const left = process.mountNamespace;
  const root = left.root ?? refuse('EINVAL');
  const lessPrivileged = owner !== left.owner;
  const copy = copyTree(kernel, root, root.root, { unbindable: true, slave: lessPrivileged });
  if (lessPrivileged) lockTree(copy);
  const namespace = kernel.createMountNamespace(owner);
  namespace.root = copy;
  namespace.take(copy);
  const counterparts = new Map<Mount, Mount>();
  pair(root, copy, counterparts);
  process.mountNamespace = namespace;
  process.root = translate(process.root, counterparts);
  process.cwd = translate(process.cwd, counterparts);
  endIfUnused(kernel, left);
}

function pair(old: Mount, copy: Mount, counterparts: Map<Mount, Mount>): void {
  counterparts.set(old, copy);
  for (const child of old.children) {
    const twin = child.mountpoint && copy.childAt(child.mountpoint);
    if (twin !== undefined) pair(child, twin, counterparts);
  }
}

function translate(location: Location, counterparts: ReadonlyMap<Mount, Mount>): Location {
  return {
    mount: counterparts.get(location.mount) ?? location.mount,
    inode: location.inode,
  };
}
