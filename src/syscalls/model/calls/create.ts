import {
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from '../../file-flags.js';
import type { DeviceNumber } from '../../syscalls.js';
import { refuse } from '../errors.js';
import type { Creation } from '../file-system.js';
import type { Inode } from '../inode.js';
import type { Kernel } from '../kernel.js';
import type { Location } from '../location.js';
import { checkCreate, checkRemove, checkWritable } from '../permissions.js';
import { lookupParent } from '../walk.js';
import { startOf } from './places.js';

const S_ISGID = 0o2000;

/** Makes a file of any type; permission and place have been checked. */
export function createFile(
  kernel: Kernel,
  directory: Inode,
  name: string,
  what: Creation,
  mode: number,
): Inode {
  const { fileSystem } = directory;
  const errno = directory.permanentlyEmpty ? 'EPERM' : fileSystem.traits.refuses?.(what);
  if (errno !== undefined) refuse(errno);
  const { credentials, umask } = kernel.process;
  // In a set-group-ID directory everything belongs to its group, and directories pass that on.
  const inherits = (directory.mode & S_ISGID) !== 0;
  const gid = inherits ? directory.gid : credentials.gid;
  let bits = what === 'link' ? mode : mode & ~umask;
  if (inherits && what === 'directory') bits |= S_ISGID;
  const inode = fileSystem.inode(bits, credentials.uid, gid);
  directory.add(name, inode);
  touch(kernel, directory);
  return inode;
}

function touch(kernel: Kernel, directory: Inode): void {
  directory.mtime = kernel.now();
  directory.ctime = directory.mtime;
}

/** Where something is to be made: a name that is not there yet. */
function placeToCreate(
  kernel: Kernel,
  dirfd: number,
  path: string,
  directoryWanted: boolean,
): { directory: Location; name: string } {
  const { process } = kernel;
  const { directory, last, existing } = lookupParent(process, startOf(kernel, dirfd, path), path);
  if (last.kind !== 'name' || existing !== undefined) refuse('EEXIST');
  if (last.slash && !directoryWanted) refuse('ENOENT');
  if (directory.inode.fileSystem.traits.type === 'proc') refuse('ENOENT');
  // A name that exists is reported first, and only then that nothing can be made.
  checkWritable(directory);
  checkCreate(process, directory.inode);
  return { directory, name: last.name };
}

/** mkdirat(2). */
export function mkdirat(kernel: Kernel, dirfd: number, path: string, mode: number): void {
  const { directory, name } = placeToCreate(kernel, dirfd, path, true);
  // The set-user-ID and set-group-ID bits are not of the caller's choice.
  createFile(kernel, directory.inode, name, 'directory', S_IFDIR | (mode & 0o1777));
}

const NODE_TYPES: ReadonlySet<number> = new Set([S_IFREG, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK]);

/** mknodat(2). Device nodes need CAP_MKNOD in the initial user namespace, whoever mounted it. */
export function mknodat(
  kernel: Kernel,
  dirfd: number,
  path: string,
  mode: number,
  dev: DeviceNumber,
): void {
  const type = mode & S_IFMT || S_IFREG;
  if (type === S_IFDIR) refuse('EPERM');
  if (!NODE_TYPES.has(type)) refuse('EINVAL');
  const { directory, name } = placeToCreate(kernel, dirfd, path, false);
  const device = type === S_IFCHR || type === S_IFBLK;
  const whiteout = type === S_IFCHR && dev.major === 0 && dev.minor === 0;
  const { credentials } = kernel.process;
  if (device && !whiteout && !credentials.capableIn(kernel.initialUserNamespace, 'CAP_MKNOD'))
    refuse('EPERM');
  const what: Creation = type === S_IFREG ? 'file' : 'node';
  const inode = createFile(kernel, directory.inode, name, what, type | (mode & 0o7777));
  if (device) inode.rdev = dev;
}

/** symlinkat(2). */
export function symlinkat(kernel: Kernel, target: string, dirfd: number, path: string): void {
  if (target === '') refuse('ENOENT');
  if (Buffer.byteLength(target) > 4095) refuse('ENAMETOOLONG');
  const { directory, name } = placeToCreate(kernel, dirfd, path, false);
  createFile(kernel, directory.inode, name, 'link', S_IFLNK | 0o777).target = target;
}

const AT_REMOVEDIR = 0x200;

/** unlinkat(2). */
export function unlinkat(kernel: Kernel, dirfd: number, path: string, flags: number): void {
  if ((flags & ~AT_REMOVEDIR) !== 0) refuse('EINVAL');
  const removesDirectory = (flags & AT_REMOVEDIR) !== 0;
  const { process } = kernel;
  const { directory, last, existing } = lookupParent(process, startOf(kernel, dirfd, path), path);
  checkLastName(last.kind, removesDirectory);
  checkWritable(directory);
  const victim = existing ?? refuse('ENOENT');
  if (!removesDirectory && last.slash) refuse(victim.isDirectory ? 'EISDIR' : 'ENOTDIR');
  checkRemove(process, directory.inode, victim);
  if (removesDirectory && !victim.isDirectory) refuse('ENOTDIR');
  if (!removesDirectory && victim.isDirectory) refuse('EISDIR');
  if (
    directory.inode.fileSystem.traits.refuses?.(removesDirectory ? 'directory' : 'file') !==
    undefined
  )
    refuse('EPERM');
  // Mounted on somewhere in this namespace, wherever it is reached from.
  if (isMountpoint(kernel, victim)) refuse('EBUSY');
  if (removesDirectory && victim.names().length > 0) refuse('ENOTEMPTY');
  directory.inode.remove(last.name);
  touch(kernel, directory.inode);
}

function checkLastName(kind: 'name' | 'dot' | 'dotdot' | 'root', removesDirectory: boolean): void {
  if (kind === 'name') return;
  if (!removesDirectory) refuse('EISDIR');
  refuse(kind === 'dot' ? 'EINVAL' : kind === 'dotdot' ? 'ENOTEMPTY' : 'EBUSY');
}

function isMountpoint(kernel: Kernel, inode: Inode): boolean {
  for (const mount of kernel.process.mountNamespace.mounts)
    if (mount.mountpoint === inode) return true;
  return false;
}
