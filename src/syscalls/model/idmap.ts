import { notModelled, refuse } from './errors.js';
import type { Kernel } from './kernel.js';
import type { Location } from './location.js';
import type { Mount } from './mount.js';
import type { UserNamespace } from './user-namespace.js';

/** Types with `FS_ALLOW_IDMAP`, of those that the model knows. */
const MAPPABLE: ReadonlySet<string> = new Set(['btrfs', 'ext4', 'tmpfs', 'xfs']);

/** No id: what is shown for it is the overflow id. */
const INVALID = -1;

/** The user namespace of a descriptor, whose maps a mount may be given (`build_mount_idmapped`). */
export function mapFromDescriptor(kernel: Kernel, fd: number | undefined): UserNamespace {
  const { namespace } = kernel.process.files.getOpened(fd ?? 0).location.inode;
  if (namespace === undefined || !('user' in namespace)) return refuse('EINVAL');
  const { user } = namespace;
  if (user === kernel.initialUserNamespace) refuse('EPERM');
  if (!kernel.process.credentials.capableIn(user, 'CAP_SYS_ADMIN')) refuse('EPERM');
  return user;
}

/** Refuses a mount that cannot be given a map (`can_idmap_mount`). */
export function checkMayMap(kernel: Kernel, mount: Mount, map: UserNamespace): void {
  const { owner, traits } = mount.fileSystem;
  if (!MAPPABLE.has(traits.type) || map === owner) refuse('EINVAL');
  if (mount.idmap !== undefined) refuse('EPERM');
  if (!kernel.process.credentials.capableIn(owner, 'CAP_SYS_ADMIN')) refuse('EPERM');
  if (mount.namespace?.anonymous !== true) refuse('EINVAL');
}

/** Whom a file belongs to as its mount shows it. */
export function ownerThrough({ mount, inode }: Location): { uid: number; gid: number } {
  const { idmap, fileSystem } = mount;
  if (idmap === undefined) return inode;
  const uid = fileSystem.owner.uidOf(inode.uid);
  const gid = fileSystem.owner.gidOf(inode.gid);
  return {
    uid: (uid === undefined ? undefined : idmap.kernelUid(uid)) ?? INVALID,
    gid: (gid === undefined ? undefined : idmap.kernelGid(gid)) ?? INVALID,
  };
}

/** Who may do what through such a mount is not modelled, only whom files belong to. */
export function refuseAccess({ mount }: Location): void {
  if (mount.idmap !== undefined) notModelled('access through a mount with an id map of its own');
}
