import type { Kernel } from './kernel.js';
import type { Mount } from './mount.js';
import { markUnmounted } from './mount-namespace.js';
import { receiversOf } from './peer-group.js';
import { propagatedUnmounts } from './propagate-unmount.js';

/** How a tree is unmounted. */
export interface UnmountOptions {
  /** Where the mount it is on propagates to, it goes too. */
  readonly propagate?: boolean;
  /** At once and not lazily: nothing stays together. */
  readonly sync?: boolean;
  /** The tree stays together for whoever still stands in it. */
  readonly connected?: boolean;
}

/** Unmounts a tree. */
export function unmountTree(kernel: Kernel, tree: Mount, options: UnmountOptions): void {
  if (options.propagate === true) unlockCopies(tree);
  const leaving = [...tree.tree()];
  for (const mount of leaving) markUnmounted(mount);
  if (options.propagate === true) leaving.push(...propagatedUnmounts(leaving));
  for (const mount of leaving) {
    if (!staysConnected(mount, options)) mount.detach();
    kernel.groups.change(mount, 'private');
  }
}

// What shows the place uncovered here may as well show it in the copies (mount_namespaces(7)).
function unlockCopies({ parent, mountpoint }: Mount): void {
  if (parent === undefined || mountpoint === undefined) return;
  for (const receiver of receiversOf(parent)) {
    const copy = receiver.childAt(mountpoint);
    if (copy !== undefined) copy.locked = false;
  }
}

function staysConnected(mount: Mount, { sync, connected }: UnmountOptions): boolean {
  if (sync === true || mount.parent === undefined || !mount.parent.unmounted) return false;
  return connected === true || mount.locked;
}

/** Whether a mount and its copies are in use, so that only a lazy unmount is possible. */
export function isBusy(kernel: Kernel, mount: Mount): boolean {
  if (mount.children.length > 0 || kernel.process.referencesTo(mount) > 0) return true;
  const { parent, mountpoint } = mount;
  if (parent === undefined || mountpoint === undefined) return false;
  return receiversOf(parent).some((receiver) => {
    const copy = receiver.childAt(mountpoint);
    // A copy with mounts of its own stays; one that is covered whole can be pulled out.
    if (copy === undefined || copy.children.some((child) => child !== copy.cover)) return false;
    return kernel.process.referencesTo(copy) > 0;
  });
}
