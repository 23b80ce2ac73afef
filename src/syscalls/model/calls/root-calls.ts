import { lockMountpoint } from '../attach.js';
import { refuse } from '../errors.js';
import type { Kernel } from '../kernel.js';
import { isMountRoot, isUnder, sameLocation, type Location } from '../location.js';
import { checkAccess, MAY_EXEC } from '../permissions.js';
import type { Process } from '../process.js';
import { fileBy } from './places.js';

/** pivot_root(2): the new root and the old one change places in the tree of mounts. */
export function pivot_root(kernel: Kernel, newRoot: string, putOld: string): void {
  kernel.checkMayMount();
  const fresh = fileBy(kernel, newRoot, { directory: true });
  const old = lockMountpoint(fileBy(kernel, putOld, { directory: true }));
  const root = kernel.process.root;
  checkPivot(kernel, fresh, old, root);
  const { parent, mountpoint } = root.mount;
  if (parent === undefined || mountpoint === undefined) return refuse('EINVAL');
  fresh.mount.detach();
  // A lock stays with the place: what is below it must not come to light.
  if (root.mount.locked) {
    fresh.mount.locked = true;
    root.mount.locked = false;
  }
  root.mount.detach();
  fresh.mount.attachTo(parent, mountpoint);
  root.mount.attachTo(old.mount, old.inode);
  takeAlong(kernel.process, root, fresh);
}

function checkPivot(kernel: Kernel, fresh: Location, old: Location, root: Location): void {
  const shared = [old.mount, parentOrSelf(fresh), parentOrSelf(root)].some(
    (mount) => mount.group !== undefined,
  );
  if (shared || !kernel.isOurs(root.mount) || !kernel.isOurs(fresh.mount)) refuse('EINVAL');
  if (fresh.mount.locked) refuse('EINVAL');
  if (fresh.inode.unlinked) refuse('ENOENT');
  if (fresh.mount === root.mount || old.mount === root.mount) refuse('EBUSY');
  if (!isMountRoot(root) || root.mount.parent === undefined) refuse('EINVAL');
  if (!isMountRoot(fresh) || fresh.mount.parent === undefined) refuse('EINVAL');
  if (!isUnder(old, fresh) || !isUnder(fresh, root)) refuse('EINVAL');
}

const parentOrSelf = ({ mount }: Location): Location['mount'] => mount.parent ?? mount;

// Who stood in the old root, as every process of the namespace that had it, stands in the new one.
function takeAlong(process: Process, root: Location, fresh: Location): void {
  if (sameLocation(process.cwd, root)) process.cwd = fresh;
  process.root = fresh;
}

/** chroot(2). */
export function chroot(kernel: Kernel, path: string): void {
  const at = fileBy(kernel, path, { directory: true });
  const { process } = kernel;
  checkAccess(process, at.inode, MAY_EXEC);
  const { credentials } = process;
  if (!credentials.capableIn(credentials.userNamespace, 'CAP_SYS_CHROOT')) refuse('EPERM');
  process.root = at;
}
