import type { FlagNames, Flags } from './flags.js';

/** Flags of open(2) and openat2(2). Some values differ by architecture. */
export type OpenFlags = Flags<'O'>;

export const O_RDONLY = 0x0 as OpenFlags;
export const O_WRONLY = 0x1 as OpenFlags;
export const O_RDWR = 0x2 as OpenFlags;
export const O_CREAT = 0x40 as OpenFlags;
export const O_EXCL = 0x80 as OpenFlags;
export const O_NOCTTY = 0x100 as OpenFlags;
export const O_TRUNC = 0x200 as OpenFlags;
export const O_APPEND = 0x400 as OpenFlags;
export const O_NONBLOCK = 0x800 as OpenFlags;
export const O_DIRECTORY = (process.arch === 'arm64' ? 0x4000 : 0x10000) as OpenFlags;
export const O_NOFOLLOW = (process.arch === 'arm64' ? 0x8000 : 0x20000) as OpenFlags;
export const O_CLOEXEC = 0x80000 as OpenFlags;
export const O_PATH = 0x200000 as OpenFlags;

/** Names of OpenFlags, in printing order. */
export const O_NAMES: FlagNames = {
  O_RDONLY,
  O_WRONLY,
  O_RDWR,
  O_CREAT,
  O_EXCL,
  O_NOCTTY,
  O_TRUNC,
  O_APPEND,
  O_NONBLOCK,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_CLOEXEC,
  O_PATH,
};

/** Flags of the `…at` calls. */
export type AtFlags = Flags<'AT'>;

export const AT_SYMLINK_NOFOLLOW = 0x100 as AtFlags;
export const AT_REMOVEDIR = 0x200 as AtFlags;
export const AT_SYMLINK_FOLLOW = 0x400 as AtFlags;
export const AT_NO_AUTOMOUNT = 0x800 as AtFlags;
export const AT_EMPTY_PATH = 0x1000 as AtFlags;
export const AT_RECURSIVE = 0x8000 as AtFlags;

/** Names of AtFlags, in printing order. */
export const AT_NAMES: FlagNames = {
  AT_SYMLINK_NOFOLLOW,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  AT_NO_AUTOMOUNT,
  AT_EMPTY_PATH,
  AT_RECURSIVE,
};

/** How openat2(2) may resolve a path. */
export type ResolveFlags = Flags<'RESOLVE'>;

export const RESOLVE_NO_XDEV = 0x1 as ResolveFlags;
export const RESOLVE_NO_MAGICLINKS = 0x2 as ResolveFlags;
export const RESOLVE_NO_SYMLINKS = 0x4 as ResolveFlags;
export const RESOLVE_BENEATH = 0x8 as ResolveFlags;
export const RESOLVE_IN_ROOT = 0x10 as ResolveFlags;
export const RESOLVE_CACHED = 0x20 as ResolveFlags;

/** Names of ResolveFlags, in printing order. */
export const RESOLVE_NAMES: FlagNames = {
  RESOLVE_NO_XDEV,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_CACHED,
};

/** Fields that statx(2) is asked for. */
export type StatxMask = Flags<'STATX'>;

export const STATX_BASIC_STATS = 0x7ff as StatxMask;
export const STATX_MNT_ID = 0x1000 as StatxMask;
export const STATX_MNT_ID_UNIQUE = 0x4000 as StatxMask;

/** Names of StatxMask, in printing order. */
export const STATX_NAMES: FlagNames = {
  STATX_BASIC_STATS,
  STATX_MNT_ID,
  STATX_MNT_ID_UNIQUE,
};

/** Attributes that statx(2) reports. */
export type StatxAttributes = Flags<'STATX_ATTR'>;

export const STATX_ATTR_IMMUTABLE = 0x10 as StatxAttributes;
export const STATX_ATTR_APPEND = 0x20 as StatxAttributes;
/** The file is the root of a mount. */
export const STATX_ATTR_MOUNT_ROOT = 0x2000 as StatxAttributes;

/** Names of StatxAttributes, in printing order. */
export const STATX_ATTR_NAMES: FlagNames = {
  STATX_ATTR_IMMUTABLE,
  STATX_ATTR_APPEND,
  STATX_ATTR_MOUNT_ROOT,
};

/** Commands of fcntl(2): numbers, not bits. */
export type FcntlCommand = Flags<'F'>;

export const F_DUPFD = 0 as FcntlCommand;
export const F_GETFD = 1 as FcntlCommand;
export const F_SETFD = 2 as FcntlCommand;
export const F_GETFL = 3 as FcntlCommand;
export const F_SETFL = 4 as FcntlCommand;
export const F_DUPFD_CLOEXEC = 1030 as FcntlCommand;

/** Names of FcntlCommand, in printing order. */
export const F_NAMES: FlagNames = {
  F_DUPFD,
  F_GETFD,
  F_SETFD,
  F_GETFL,
  F_SETFL,
  F_DUPFD_CLOEXEC,
};

/** Requests of ioctl(2): numbers, not bits (ioctl_tty(2), ioctl_ns(2)). */
export type IoctlRequest = Flags<'IOCTL'>;

/** The number N of /dev/pts/N, of its ptmx. */
export const TIOCGPTN = 0x80045430 as IoctlRequest;
/** Locks or unlocks the peer of a ptmx. */
export const TIOCSPTLCK = 0x40045431 as IoctlRequest;
/** Opens the peer of a ptmx without a path (Linux 4.13). */
export const TIOCGPTPEER = 0x5441 as IoctlRequest;
/** Reads and sets a terminal's modes, `struct termios` (ioctl_tty(2)). */
export const TCGETS = 0x5401 as IoctlRequest;
export const TCSETS = 0x5402 as IoctlRequest;
export const TIOCGWINSZ = 0x5413 as IoctlRequest;
export const TIOCSWINSZ = 0x5414 as IoctlRequest;
export const TIOCSCTTY = 0x540e as IoctlRequest;
export const LOOP_CTL_GET_FREE = 0x4c82 as IoctlRequest;

/** Names of IoctlRequest, in printing order. */
export const IOCTL_NAMES: FlagNames = {
  TCGETS,
  TCSETS,
  TIOCGPTN,
  TIOCSPTLCK,
  TIOCGPTPEER,
  TIOCGWINSZ,
  TIOCSWINSZ,
  TIOCSCTTY,
  LOOP_CTL_GET_FREE,
};

/** File type bits of a mode (inode(7)). */
export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;

/** fcntl(2) F_SETFD: the descriptor does not survive execve(2). */
export const FD_CLOEXEC = 1;
