import {
  AT_EMPTY_PATH,
  AT_NO_AUTOMOUNT,
  AT_SYMLINK_NOFOLLOW,
  S_IFMT,
  STATX_ATTR_MOUNT_ROOT,
  type StatxAttributes,
} from '../../file-flags.js';
import type { Statfs, Statx, Timespec } from '../../syscalls.js';
import { notModelled, refuse } from '../errors.js';
import { ownerThrough } from '../idmap.js';
import type { Inode } from '../inode.js';
import type { Kernel } from '../kernel.js';
import { isMountRoot, type Location } from '../location.js';
import {
  MNT_NOATIME,
  MNT_NODEV,
  MNT_NODIRATIME,
  MNT_NOEXEC,
  MNT_NOSUID,
  MNT_NOSYMFOLLOW,
  MNT_RELATIME,
} from '../mount.js';
import {
  capableOver,
  checkAccess,
  checkWritable,
  MAY_WRITE,
  ownsOrCapable,
} from '../permissions.js';
import { fileAt, onlyFlags } from './places.js';

const AT_STATX_SYNC_TYPE = 0x6000;
const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
const S_IXGRP = 0o10;

/** statx(2). The mask only says what is needed; more is told. */
export function statx(kernel: Kernel, dirfd: number, path: string, flags: number): Statx {
  onlyFlags(flags, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE);
  return describe(kernel, fileAt(kernel, dirfd, path, flags));
}

function describe(kernel: Kernel, location: Location): Statx {
  const { inode, mount } = location;
  const { uid, gid } = ownerThrough(location);
  const { userNamespace } = kernel.process.credentials;
  return {
    mode: inode.mode,
    ino: BigInt(inode.ino),
    dev: inode.fileSystem.device,
    rdev: inode.rdev,
    nlink: linkCount(inode),
    uid: userNamespace.shownUid(uid),
    gid: userNamespace.shownGid(gid),
    size: BigInt(sizeOf(inode)),
    attributes: (isMountRoot(location) ? STATX_ATTR_MOUNT_ROOT : 0) as StatxAttributes,
    mntId: BigInt(mount.id),
    atime: inode.atime,
    mtime: inode.mtime,
    ctime: inode.ctime,
  };
}

function linkCount(inode: Inode): number {
  if (inode.unlinked) return 0;
  if (!inode.isDirectory) return 1;
  if (inode.knownLinks !== undefined) return inode.knownLinks;
  // Its name, its `.`, and the `..` of each directory in it.
  return 2 + inode.names().filter((name) => inode.entry(name)?.isDirectory).length;
}

function sizeOf(inode: Inode): number {
  if (inode.isLink) return inode.target.length;
  if (inode.knownSize !== undefined) return inode.knownSize;
  // Files that the kernel makes up have no size before they are read.
  return inode.isFile && inode.generate === undefined ? inode.read().length : 0;
}

const ST_VALID = 0x20;
const ST_FLAGS: readonly (readonly [number, number])[] = [
  [MNT_NOSUID, 0x2],
  [MNT_NODEV, 0x4],
  [MNT_NOEXEC, 0x8],
  [MNT_NOATIME, 0x400],
  [MNT_NODIRATIME, 0x800],
  [MNT_RELATIME, 0x1000],
  [MNT_NOSYMFOLLOW, 0x2000],
];

/** fstatfs(2): the flags are of the mount and of the file system together. */
export function fstatfs(kernel: Kernel, fd: number): Statfs {
  const { mount, inode } = kernel.process.files.get(fd).location;
  const { fileSystem } = inode;
  let flags = ST_VALID;
  if (mount.readonly) flags |= 0x1;
  if (fileSystem.synchronous) flags |= 0x10;
  for (const [set, shown] of ST_FLAGS) if ((mount.flags & set) !== 0) flags |= shown;
  const blocks = BigInt(fileSystem.blocks);
  return { type: fileSystem.traits.magic, flags, bsize: 4096, blocks, bfree: blocks, files: 0n };
}

// Files of namespaces are immutable, and those without a path keep what they are (Linux 6.17).
function checkChangeable({ mount, inode }: Location, kernel: Kernel): void {
  if (inode.namespace !== undefined) refuse('EPERM');
  if (mount === kernel.internal) refuse('EOPNOTSUPP');
}

function checkKnown({ fileSystem }: Inode): void {
  if (fileSystem.traits.type === 'proc')
    notModelled('changes to the attributes of what proc shows');
}

/** fchmod(2). */
export function fchmod(kernel: Kernel, fd: number, mode: number): void {
  const { process } = kernel;
  const { location } = process.files.getOpened(fd);
  checkWritable(location);
  const { inode } = location;
  checkChangeable(location, kernel);
  if (!ownsOrCapable(process, inode)) refuse('EPERM');
  checkKnown(inode);
  let bits = mode;
  // Nobody makes files that run as a group he is not in.
  if (!process.credentials.inGroup(inode.gid) && !capableOver(process, inode, 'CAP_FSETID'))
    bits &= ~S_ISGID;
  inode.mode = (inode.mode & S_IFMT) | bits;
  inode.ctime = kernel.now();
}

/** fchownat(2). */
export function fchownat(
  kernel: Kernel,
  dirfd: number,
  path: string,
  uid: number,
  gid: number,
  flags: number,
): void {
  onlyFlags(flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
  const { process } = kernel;
  const location = fileAt(kernel, dirfd, path, flags);
  checkWritable(location);
  const { inode } = location;
  const { userNamespace } = process.credentials;
  const newUid = uid === -1 ? inode.uid : (userNamespace.kernelUid(uid) ?? refuse('EINVAL'));
  const newGid = gid === -1 ? inode.gid : (userNamespace.kernelGid(gid) ?? refuse('EINVAL'));
  const asked = uid !== -1 || gid !== -1;
  if (asked || inode.namespace === undefined) checkChangeable(location, kernel);
  checkChown(kernel, inode, { uid: newUid, gid: newGid, asksUid: uid !== -1, asksGid: gid !== -1 });
  checkKnown(inode);
  inode.uid = newUid;
  inode.gid = newGid;
  if (!inode.isDirectory) dropPrivilegeBits(inode);
  inode.ctime = kernel.now();
}

interface Chown {
  readonly uid: number;
  readonly gid: number;
  readonly asksUid: boolean;
  readonly asksGid: boolean;
}

function checkChown(kernel: Kernel, inode: Inode, wanted: Chown): void {
  const { process } = kernel;
  const { credentials } = process;
  if (capableOver(process, inode, 'CAP_CHOWN')) return;
  const owns = inode.uid === credentials.uid;
  if (wanted.asksUid && !(owns && wanted.uid === inode.uid)) refuse('EPERM');
  const groupAllowed = wanted.gid === inode.gid || credentials.inGroup(wanted.gid);
  if (wanted.asksGid && !(owns && groupAllowed)) refuse('EPERM');
}

// A file that changes hands must not go on running as somebody else.
function dropPrivilegeBits(inode: Inode): void {
  inode.mode &= ~S_ISUID;
  if ((inode.mode & S_IXGRP) !== 0) inode.mode &= ~S_ISGID;
}

const UTIME_NOW = 0x3fffffff;
const UTIME_OMIT = 0x3ffffffe;

/** utimensat(2). */
export function utimensat(
  kernel: Kernel,
  dirfd: number,
  path: string,
  [atime, mtime]: readonly [Timespec, Timespec],
  flags: number,
): void {
  for (const { nsec } of [atime, mtime]) {
    if (nsec >= 1_000_000_000 && nsec !== UTIME_NOW && nsec !== UTIME_OMIT) refuse('EINVAL');
  }
  if (atime.nsec === UTIME_OMIT && mtime.nsec === UTIME_OMIT) return;
  onlyFlags(flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
  const location = fileAt(kernel, dirfd, path, flags);
  checkWritable(location);
  const { inode } = location;
  checkMayTouch(kernel, inode, atime.nsec === UTIME_NOW && mtime.nsec === UTIME_NOW);
  checkKnown(inode);
  const now = kernel.now();
  const pick = (wanted: Timespec, before: Timespec): Timespec =>
    wanted.nsec === UTIME_OMIT ? before : wanted.nsec === UTIME_NOW ? now : wanted;
  inode.atime = pick(atime, inode.atime);
  inode.mtime = pick(mtime, inode.mtime);
  inode.ctime = now;
}

// To set the present time, write access is enough.
function checkMayTouch({ process }: Kernel, inode: Inode, onlyNow: boolean): void {
  if (ownsOrCapable(process, inode)) return;
  if (!onlyNow) refuse('EPERM');
  checkAccess(process, inode, MAY_WRITE);
}
