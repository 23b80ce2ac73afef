import {
  AT_EMPTY_PATH,
  AT_SYMLINK_NOFOLLOW,
  checkSameFile,
  component,
  flags,
  isErrno,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  orClose,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  STATX_ATTR_MOUNT_ROOT,
  STATX_BASIC_STATS,
  withFd,
  writeAll,
  type AtFlags,
  type Component,
  type Fd,
  type Statx,
  type Syscalls,
} from 'nsinit';

const PIECE = 1 << 20;
const LISTED = { flags: flags(O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC) };
const NAMED = { flags: flags(O_PATH, O_NOFOLLOW, O_CLOEXEC) };
// A fifo that was put in place of a file must not be waited for.
const READ = { flags: flags(O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_CLOEXEC) };
const WRITE = { flags: flags(O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_CLOEXEC), mode: 0o600 };

/** What a copy was made with. */
export interface TreeCopy {
  readonly sys: Syscalls;
  /** Told of a device node that may not be made here; throws where that is an error. */
  readonly skipDevice: (error: unknown) => void;
  /** Told of an owner that is not mapped here; throws where that is an error. */
  readonly keepOwner: (error: unknown) => void;
}

/**
 * Copies what is in a directory into another, by descriptor: files of all types, owners, modes and
 * times. What is mounted inside is not copied: its place is, empty.
 *
 * @throws SyscallError; NsinitError when a file is swapped while it is copied.
 */
export function copyTree(copy: TreeCopy, from: Fd, to: Fd): void {
  const { sys } = copy;
  for (let entries = sys.getdents64(from); entries.length > 0; entries = sys.getdents64(from)) {
    for (const { name } of entries) {
      if (name === '.' || name === '..') continue;
      withFd(sys, sys.openat2(from, component(name), NAMED), (source) => {
        copyEntry(copy, { from, to, name: component(name), source });
      });
    }
  }
}

interface Entry {
  readonly from: Fd;
  readonly to: Fd;
  readonly name: Component;
  /** Names the file itself, whatever stands under its name by now. */
  readonly source: Fd;
}

function copyEntry(copy: TreeCopy, entry: Entry): void {
  const { sys } = copy;
  const { to, name, source } = entry;
  const stat = sys.statx(source, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
  const type = stat.mode & S_IFMT;
  if (type === S_IFDIR) copyDirectory(copy, entry, stat);
  else if (type === S_IFREG) copyFile(copy, entry, stat);
  else if (type === S_IFLNK) {
    sys.symlinkat(sys.readlinkat(source, ''), to, name);
    applyOwner(copy, to, name, stat);
  } else copyNode(copy, entry, stat);
}

function copyDirectory(copy: TreeCopy, entry: Entry, stat: Statx): void {
  const { sys } = copy;
  const { to, name } = entry;
  sys.mkdirat(to, name, 0o700);
  withFd(sys, sys.openat2(to, name, LISTED), (made) => {
    if (!isMountRoot(stat)) {
      withFd(sys, openSame(sys, entry, LISTED), (listed) => copyTree(copy, listed, made));
    }
    applyAttributes(copy, made, stat);
  });
}

function copyFile(copy: TreeCopy, entry: Entry, stat: Statx): void {
  const { sys } = copy;
  const { to, name } = entry;
  withFd(sys, sys.openat2(to, name, WRITE), (made) => {
    if (!isMountRoot(stat)) {
      withFd(sys, openSame(sys, entry, READ), (opened) => {
        for (let piece = sys.read(opened, PIECE); piece.length > 0; piece = sys.read(opened, PIECE))
          writeAll(sys, made, piece);
      });
    }
    applyAttributes(copy, made, stat);
  });
}

// mknodat(2) makes fifos and sockets as well; only devices take a privilege (mknod(2)).
function copyNode(copy: TreeCopy, { to, name }: Entry, stat: Statx): void {
  const { sys, skipDevice } = copy;
  const type = stat.mode & S_IFMT;
  try {
    sys.mknodat(to, name, stat.mode, stat.rdev);
  } catch (error) {
    if (!isErrno(error, 'EPERM') || (type !== S_IFCHR && type !== S_IFBLK)) throw error;
    skipDevice(error);
    return;
  }
  applyOwner(copy, to, name, stat);
}

const isMountRoot = ({ attributes }: Statx): boolean => (attributes & STATX_ATTR_MOUNT_ROOT) !== 0;

/** Opens by name what a descriptor names. @throws NsinitError when it is another file by now. */
function openSame(
  sys: Syscalls,
  { from, name, source }: Entry,
  how: { readonly flags: typeof LISTED.flags },
): Fd {
  const fd = sys.openat2(from, name, how);
  return orClose(sys, fd, () => {
    const path = sys.descriptors.get(fd);
    checkSameFile(sys, fd, source, `${path} became another file while it was copied`);
    return fd;
  });
}

/** Owner, mode and times, in an order in which none undoes another. */
export function applyAttributes(copy: TreeCopy, made: Fd, stat: Statx): void {
  const { sys } = copy;
  const owned = chown(copy, made, '', stat, AT_EMPTY_PATH);
  // After the owner: a change of hands takes set-user-ID away (chown(2)). A file that keeps its
  // maker as owner must not run as him.
  sys.fchmod(made, stat.mode & (owned ? 0o7777 : 0o1777));
  sys.utimensat(made, '', [stat.atime, stat.mtime], AT_EMPTY_PATH);
}

function applyOwner(copy: TreeCopy, to: Fd, name: Component, stat: Statx): void {
  chown(copy, to, name, stat, AT_SYMLINK_NOFOLLOW);
  copy.sys.utimensat(to, name, [stat.atime, stat.mtime], AT_SYMLINK_NOFOLLOW);
}

// EINVAL: the id that stands for all that are not mapped is none itself (user_namespaces(7)).
function chown(
  { sys, keepOwner }: TreeCopy,
  at: Fd,
  path: Component | '',
  { uid, gid }: Statx,
  how: AtFlags,
): boolean {
  try {
    sys.fchownat(at, path, uid, gid, how);
    return true;
  } catch (error) {
    if (!isErrno(error, 'EINVAL')) throw error;
    keepOwner(error);
    return false;
  }
}

/** A descriptor of a directory that can be listed, for one that only names it. */
export function openListed(sys: Syscalls, directory: Fd): Fd {
  return sys.openat2(directory, '.' as Component, LISTED);
}
