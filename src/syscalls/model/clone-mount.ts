import { refuse } from './errors.js';
import type { Inode } from './inode.js';
import type { Kernel } from './kernel.js';
import type { Mount } from './mount.js';

/** How a copy of a mount is related to the original. */
export interface CloneOptions {
  /** It follows the original (or whom the original follows, if that is not shared). */
  readonly slave?: boolean;
  /** It is shared even where the original is not. */
  readonly shared?: boolean;
  /** Unbindable mounts are copied too: for a new mount namespace. */
  readonly unbindable?: boolean;
}

/** Copies one mount, showing a directory or file of it. */
export function cloneMount(kernel: Kernel, old: Mount, root: Inode, options: CloneOptions): Mount {
  const { groups } = kernel;
  const copy = kernel.createMount(old.fileSystem, old.source, root);
  copy.flags = old.flags;
  copy.lockedFlags = old.lockedFlags;
  copy.idmap = old.idmap;
  if (options.slave === true) {
    if (options.shared === true) groups.share(copy);
    groups.follow(copy, old.group ?? old.master);
    return copy;
  }
  if (old.group !== undefined) groups.join(copy, old.group);
  else if (options.shared === true) groups.share(copy);
  groups.follow(copy, old.master);
  return copy;
}

/** Copies a mount and what is mounted below the directory; unbindable mounts are left out. */
export function copyTree(kernel: Kernel, old: Mount, root: Inode, options: CloneOptions): Mount {
  if (options.unbindable !== true && old.unbindable) refuse('EINVAL');
  checkLockedUnbindable(old, root, options);
  const copy = cloneMount(kernel, old, root, options);
  copyChildren(kernel, old, copy, options);
  return copy;
}

function copyChildren(kernel: Kernel, old: Mount, copy: Mount, options: CloneOptions): void {
  for (const child of old.children) {
    const { mountpoint } = child;
    if (mountpoint === undefined || !copy.root.contains(mountpoint)) continue;
    if (options.unbindable !== true && child.unbindable) continue;
    const childCopy = cloneMount(kernel, child, child.root, options);
    childCopy.locked = child.locked;
    childCopy.attachTo(copy, mountpoint);
    copyChildren(kernel, child, childCopy, options);
  }
}

// To leave a locked mount out would show what it covers.
function checkLockedUnbindable(old: Mount, root: Inode, options: CloneOptions): void {
  if (options.unbindable === true) return;
  for (const child of old.children) {
    if (child.mountpoint === undefined || !root.contains(child.mountpoint)) continue;
    if (child.unbindable && child.locked) refuse('EPERM');
    if (!child.unbindable) checkLockedUnbindable(child, child.root, options);
  }
}
