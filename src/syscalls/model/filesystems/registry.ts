import { notModelled, refuse } from '../errors.js';
import type { FileSystemType } from '../fs-context.js';
import { devpts } from './devpts.js';
import { cgroup, cgroup2, mqueue, sysfs } from './kernel-objects.js';
import { overlay } from './overlay.js';
import { proc } from './proc.js';
import { ramfs, tmpfs } from './tmpfs.js';

const TYPES: readonly FileSystemType[] = [
  cgroup,
  cgroup2,
  devpts,
  mqueue,
  overlay,
  proc,
  ramfs,
  sysfs,
  tmpfs,
];
const BY_NAME = new Map(TYPES.map((type) => [type.name, type]));

/** Types that a usual kernel has and the model has not. */
const REAL = new Set(
  'autofs bdev bpf binfmt_misc btrfs configfs debugfs devtmpfs efivarfs erofs ext2 ext3 ext4 f2fs fuse fuseblk fusectl hugetlbfs iso9660 nfs nfs4 nfsd nsfs pstore rpc_pipefs securityfs squashfs tracefs vfat virtiofs xfs 9p'.split(
    ' ',
  ),
);

/** The type by a name as mount(2) and fsopen(2) take it. */
export function fileSystemType(name: string): FileSystemType {
  const type = BY_NAME.get(name);
  if (type !== undefined) return type;
  if (REAL.has(name)) notModelled(`the file system ${name}`);
  return refuse('ENODEV');
}
