import type { DescriptorNames } from './descriptor-names.js';
import type { Fd } from './descriptor.js';
import type {
  AtFlags,
  FcntlCommand,
  IoctlRequest,
  OpenFlags,
  ResolveFlags,
  StatxAttributes,
  StatxMask,
} from './file-flags.js';
import type {
  FsconfigCommand,
  FsmountFlags,
  FsopenFlags,
  FspickFlags,
  MountAttrFlags,
  MountFlags,
  MoveMountFlags,
  OpenTreeFlags,
  UmountFlags,
} from './mount-flags.js';
import type { AtPath, PathArg, SourceName } from './paths.js';
import type { CloneFlags } from './process-flags.js';

/** How openat2(2) opens (`struct open_how`). */
export interface OpenHow {
  readonly flags: OpenFlags;
  /** Permission bits of a file that O_CREAT makes. */
  readonly mode?: number;
  readonly resolve?: ResolveFlags;
}

/** What mount_setattr(2) changes (`struct mount_attr`). */
export interface MountAttr {
  readonly attr_set?: MountAttrFlags;
  readonly attr_clr?: MountAttrFlags;
  /** MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE. */
  readonly propagation?: MountFlags;
  /** A user namespace, with MOUNT_ATTR_IDMAP. */
  readonly userns_fd?: Fd;
}

/** A device number, as makedev(3) takes it apart. */
export interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

/** Seconds and nanoseconds since 1970. */
export interface Timespec {
  readonly sec: bigint;
  readonly nsec: number;
}

/** What statx(2) tells of a file. */
export interface Statx {
  /** Type and permission bits. */
  readonly mode: number;
  readonly ino: bigint;
  readonly dev: DeviceNumber;
  /** Which device, of a character or block node. */
  readonly rdev: DeviceNumber;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  /** In bytes. */
  readonly size: bigint;
  readonly attributes: StatxAttributes;
  /** The mount it is on (field 1 of mountinfo); 0 before Linux 5.8. */
  readonly mntId: bigint;
  readonly atime: Timespec;
  readonly mtime: Timespec;
  readonly ctime: Timespec;
}

/** What fstatfs(2) tells of a file system. */
export interface Statfs {
  /** The super-block magic. */
  readonly type: number;
  /** `ST_` bits. They are not `MS_` bits: some share values with other meanings. */
  readonly flags: number;
  /** Block size in bytes. */
  readonly bsize: number;
  readonly blocks: bigint;
  readonly bfree: bigint;
  readonly files: bigint;
}

/** One entry of a directory (getdents64(2)); `.` and `..` are among them. */
export interface DirEntry {
  readonly name: string;
  readonly ino: bigint;
  /** The `S_IF` bits, or 0 where the file system does not tell. */
  readonly type: number;
}

/**
 * Everything nsinit asks of the kernel, under the kernel's names and in its argument order.
 *
 * All methods are synchronous: a namespace belongs to one thread, and Node's other threads stay
 * in the host's. Each throws {@link SyscallError} when the kernel refuses, and TypeError before
 * the kernel is asked when an argument has the wrong type, is out of range or has a NUL byte.
 */
export interface Syscalls {
  /** Names of open descriptors, for messages and traces. */
  readonly descriptors: DescriptorNames;

  /** mount(2). */
  mount(
    source: PathArg | SourceName | '',
    target: PathArg | '.',
    fstype: string,
    flags: MountFlags,
    data: string,
  ): void;
  /** umount2(2). */
  umount2(target: PathArg | '.', flags: UmountFlags): void;
  /** pivot_root(2). `.` is the current directory, whatever it is called. */
  pivot_root(newRoot: PathArg | '.', putOld: PathArg | '.'): void;
  /** open_tree(2) (Linux 5.2). */
  open_tree(dirfd: Fd, path: AtPath, flags: OpenTreeFlags): Fd;
  /** move_mount(2) (Linux 5.2). */
  move_mount(fromFd: Fd, fromPath: AtPath, toFd: Fd, toPath: AtPath, flags: MoveMountFlags): void;
  /** fsopen(2) (Linux 5.2). What the kernel says of a failure is read from the descriptor. */
  fsopen(fsname: string, flags: FsopenFlags): Fd;
  /** fsconfig(2): key and value as the command needs them, `aux` a descriptor or 0. */
  fsconfig(
    fd: Fd,
    command: FsconfigCommand,
    key: string | null,
    value: string | null,
    aux: number,
  ): void;
  /** fsmount(2): a detached mount. */
  fsmount(fd: Fd, flags: FsmountFlags, attributes: MountAttrFlags): Fd;
  /** fspick(2): the file system of an existing mount, to be reconfigured. */
  fspick(dirfd: Fd, path: AtPath, flags: FspickFlags): Fd;
  /** mount_setattr(2) (Linux 5.12). */
  mount_setattr(dirfd: Fd, path: AtPath, flags: AtFlags, attr: MountAttr): void;

  /** openat2(2) (Linux 5.6). Every other way to open is spelled with it. */
  openat2(dirfd: Fd, path: AtPath, how: OpenHow): Fd;
  /** close(2). */
  close(fd: Fd): void;
  /** read(2): at most `length` bytes, none at the end. */
  read(fd: Fd, length: number): Uint8Array;
  /** write(2): how many bytes were taken. */
  write(fd: Fd, data: Uint8Array): number;
  /** readlinkat(2). */
  readlinkat(dirfd: Fd, path: AtPath): string;
  /** getdents64(2): the next entries, none at the end. */
  getdents64(fd: Fd): readonly DirEntry[];
  /** statx(2). */
  statx(dirfd: Fd, path: AtPath, flags: AtFlags, mask: StatxMask): Statx;
  /** fstatfs(2). */
  fstatfs(fd: Fd): Statfs;
  /** mkdirat(2). */
  mkdirat(dirfd: Fd, path: AtPath, mode: number): void;
  /** mknodat(2). `mode` has the type in its `S_IF` bits. */
  mknodat(dirfd: Fd, path: AtPath, mode: number, dev: DeviceNumber): void;
  /** symlinkat(2). `target` is what the link will say, not a path that is resolved now. */
  symlinkat(target: string, dirfd: Fd, path: AtPath): void;
  /** unlinkat(2); a directory with AT_REMOVEDIR. */
  unlinkat(dirfd: Fd, path: AtPath, flags: AtFlags): void;
  /** fchmod(2); not with an O_PATH descriptor. */
  fchmod(fd: Fd, mode: number): void;
  /** fchownat(2); -1 leaves an id as it is. */
  fchownat(dirfd: Fd, path: AtPath, uid: number, gid: number, flags: AtFlags): void;
  /** utimensat(2). */
  utimensat(dirfd: Fd, path: AtPath, times: readonly [Timespec, Timespec], flags: AtFlags): void;
  /** fcntl(2) with an integer argument. */
  fcntl(fd: Fd, command: FcntlCommand, arg: number): number;
  /** ioctl(2): `arg` an integer, or memory that the kernel reads and writes. */
  ioctl(fd: Fd, request: IoctlRequest, arg: number | Uint8Array): number;

  /** umask(2): the mask it was before. */
  umask(mask: number): number;
  /** chdir(2). */
  chdir(path: PathArg): void;
  /** fchdir(2). */
  fchdir(fd: Fd): void;
  /** chroot(2). `.` is the current directory. */
  chroot(path: PathArg | '.'): void;
  /** getcwd(2). Starts with `(unreachable)` when the directory is outside the root. */
  getcwd(): string;
  /** unshare(2), for the calling thread. */
  unshare(flags: CloneFlags): void;
  /** setns(2), for the calling thread. */
  setns(fd: Fd, nstype: CloneFlags): void;
  /** sethostname(2). */
  sethostname(name: string): void;
  /** setdomainname(2). */
  setdomainname(name: string): void;
  /** geteuid(2). */
  geteuid(): number;
  /** getegid(2). */
  getegid(): number;
}

/** Names of the calls. */
export type CallName = Exclude<keyof Syscalls, 'descriptors'>;
/** The arguments of a call. */
export type CallArgs<N extends CallName = CallName> = Parameters<Syscalls[N]>;
/** The result of a call. */
export type CallResult<N extends CallName = CallName> = ReturnType<Syscalls[N]>;
