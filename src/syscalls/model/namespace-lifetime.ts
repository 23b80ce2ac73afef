import { unmountTree } from './detach.js';
import type { Kernel } from './kernel.js';
import type { MountNamespace } from './mount-namespace.js';

/**
 * Ends a mount namespace that nobody is in and nobody has a descriptor of: all its mounts go
 * (mount_namespaces(7)). Those that the machine started with have other processes in them.
 */
export function endIfUnused(kernel: Kernel, namespace: MountNamespace): void {
  const { process } = kernel;
  if (namespace.inhabited || namespace === process.mountNamespace || namespace.root === undefined)
    return;
  for (const { location } of process.files.files()) {
    const held = location.inode.namespace;
    if (held !== undefined && 'mount' in held && held.mount === namespace) return;
  }
  const { root } = namespace;
  namespace.root = undefined;
  unmountTree(kernel, root, {});
}
