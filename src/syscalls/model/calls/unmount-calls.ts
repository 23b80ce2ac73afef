import { MNT_DETACH, MNT_EXPIRE, MNT_FORCE, UMOUNT_NOFOLLOW } from '../../mount-flags.js';
import { AT_FDCWD } from '../../descriptor.js';
import { isBusy, unmountTree } from '../detach.js';
import { refuse } from '../errors.js';
import { fileSystemType } from '../filesystems/registry.js';
import { FsContext } from '../fs-context.js';
import type { Kernel } from '../kernel.js';
import { isMountRoot } from '../location.js';
import type { Mount } from '../mount.js';
import { reconfigure } from '../reconfigure.js';
import { lookup } from '../walk.js';
import { onlyFlags, startOf } from './places.js';

/** umount2(2). */
export function umount2(kernel: Kernel, target: string, flags: number): void {
  onlyFlags(flags, MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW);
  const at = lookup(kernel.process, startOf(kernel, AT_FDCWD, target), target, {
    follow: (flags & UMOUNT_NOFOLLOW) === 0,
    mountpoint: true,
  });
  kernel.checkMayMount();
  const { mount } = at;
  if (!isMountRoot(at) || !kernel.isOurs(mount) || mount.locked) refuse('EINVAL');
  const { credentials, root } = kernel.process;
  const governs = credentials.capableIn(mount.fileSystem.owner, 'CAP_SYS_ADMIN');
  if ((flags & MNT_FORCE) !== 0 && !governs) refuse('EPERM');
  if ((flags & MNT_EXPIRE) !== 0) expire(kernel, mount, flags);
  if (mount === root.mount && (flags & MNT_DETACH) === 0) {
    if (!governs) refuse('EPERM');
    makeRootReadonly(kernel, mount);
    return;
  }
  if (mount.parent === undefined) refuse('EINVAL');
  unmount(kernel, mount, flags);
}

function unmount(kernel: Kernel, mount: Mount, flags: number): void {
  if ((flags & MNT_DETACH) !== 0) {
    unmountTree(kernel, mount, { propagate: true });
    return;
  }
  if (isBusy(kernel, mount)) refuse('EBUSY');
  unmountTree(kernel, mount, { propagate: true, sync: true });
}

// The first call marks an unused mount, the second finds the mark and unmounts.
function expire(kernel: Kernel, mount: Mount, flags: number): void {
  if (mount === kernel.process.root.mount || (flags & (MNT_FORCE | MNT_DETACH)) !== 0)
    refuse('EINVAL');
  if (mount.children.length > 0 || kernel.process.referencesTo(mount) > 0) refuse('EBUSY');
  if (mount.expiring) return;
  mount.expiring = true;
  refuse('EAGAIN');
}

// Nobody can do without a root: to unmount it is to make its file system read-only.
function makeRootReadonly(kernel: Kernel, { fileSystem }: Mount): void {
  if (fileSystem.readonly) return;
  const context = new FsContext(kernel, fileSystemType(fileSystem.traits.type));
  context.superFlags.set('readonly', true);
  reconfigure(context, fileSystem);
}
