import { followDangling } from './dangling-links.js';
import type { Fd } from './descriptor.js';
import {
  AT_REMOVEDIR,
  AT_SYMLINK_NOFOLLOW,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  RESOLVE_NO_SYMLINKS,
  STATX_ATTR_MOUNT_ROOT,
  STATX_BASIC_STATS,
  type AtFlags,
  type OpenFlags,
  type ResolveFlags,
} from './file-flags.js';
import { flags, hasFlags } from './flags.js';
import {
  DIRECTORY,
  IN_ROOT,
  openWithin,
  openRealDirectory,
  refuseDirectory,
} from './open-within.js';
import { fillNewFile, openNewFile, type FileAttributes } from './new-file.js';
import { component, PathError, splitPath, type InRootPath } from './paths.js';
import { isErrno } from './syscall-error.js';
import { removeEntry, RemovableEntry } from './removed-entry.js';
import type { Statx, Syscalls } from './syscalls.js';
import { openThrough } from './with-fd.js';

/** Takes back one effect. */
export type Undo = () => void;
/** Told of each effect that has just succeeded. */
export type Defer = (undo: Undo) => void;

const NO_FLAGS = flags<AtFlags>();

/** Makes what is missing in a directory. */
type Make = (directory: Fd, name: string) => Fd;

/**
 * A container's root, by descriptor. Every path is resolved by the kernel inside it (openat2(2),
 * RESOLVE_IN_ROOT), so that no symbolic link of the root leads to a file of the host; what is
 * made is made in a directory's descriptor under a single name.
 */
export class RootDir {
  #fd: Fd | undefined;

  /**
   * @param fd the root, or undefined until a step has made one.
   * @param defer is told how each created entry is removed again.
   */
  constructor(
    private readonly sys: Syscalls,
    fd: Fd | undefined,
    private readonly defer: Defer = () => undefined,
  ) {
    this.#fd = fd;
  }

  /** The root's descriptor. @throws PathError when there is no root yet. */
  get fd(): Fd {
    if (this.#fd === undefined)
      throw new PathError('there is no root yet: give rootfs, or a step that makes one');
    return this.#fd;
  }

  /** Replaces the descriptor: after a mount on the root, the old one leads below it. */
  rebase(fd: Fd): void {
    this.#fd = fd;
  }

  /**
   * Opens a path in the root.
   *
   * @throws SyscallError of openat2(2).
   */
  open(path: string, openFlags: OpenFlags, resolve: ResolveFlags = IN_ROOT): Fd {
    return openWithin(this.sys, this.fd, path, openFlags, resolve);
  }

  /** Opens a directory of the root, for the `…at` calls. @throws SyscallError */
  openDirectory(path: string): Fd {
    return this.open(path, DIRECTORY);
  }

  /**
   * Opens a directory that no symbolic link leads to, and makes it if it is missing. /dev, /proc
   * and /sys are such only: an image whose /proc is a link has shown other files instead
   * (CVE-2019-19921), one whose /dev is a link has got the host's changed (CVE-2026-41579).
   *
   * @throws SyscallError, ELOOP when there is a link on the way, ENOTDIR when it is something else.
   */
  realDirectory(path: string, mode: number): Fd {
    const { parent, name } = splitPath(path);
    if (parent === '/') return this.#enterExisting(this.fd, name, mode);
    return openThrough(this.sys, this.open(parent, DIRECTORY, RESOLVE_NO_SYMLINKS), (fd) =>
      this.#enterExisting(fd, name, mode),
    );
  }

  // Images have these directories, as a rule: they are opened first and made only then.
  #enterExisting(directory: Fd, name: string, mode: number): Fd {
    try {
      return openRealDirectory(this.sys, directory, name);
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
      return this.enterIn(directory, name, mode);
    }
  }

  /**
   * Opens a directory and makes each missing one on the way, inside the root also where a link
   * leads to what is missing.
   *
   * @param mode permission bits of what is made, less the umask.
   * @throws SyscallError; ENOTDIR when a file is in the way.
   */
  mkdirAll(path: string, mode: number): Fd {
    return this.#mkdirAll(path, mode, true);
  }

  #mkdirAll(path: string, mode: number, follow: boolean): Fd {
    try {
      return this.openDirectory(path);
    } catch (error) {
      if (!isErrno(error, 'ENOENT') || /^\/*$/.test(path)) throw error;
    }
    return this.#makeMissing(path, follow, (fd, name) => this.enterIn(fd, name, mode), mode);
  }

  /**
   * Opens a file of the root by path, making an empty one if it is missing: a place for a bind. A
   * link may lead to what is missing, inside the root.
   *
   * @throws SyscallError; PathError when it is a directory.
   */
  ensureFile(path: string, mode: number): Fd {
    try {
      return refuseDirectory(this.sys, this.open(path, O_PATH));
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
    }
    return this.#makeMissing(path, true, (fd, name) => this.createFile(fd, name, mode));
  }

  /** @param follow looks at a link that leads to what is missing: once, nothing is made through one. */
  #makeMissing(path: string, follow: boolean, make: Make, mode = 0o755): Fd {
    const { parent, name } = splitPath(path);
    try {
      return openThrough(this.sys, this.#mkdirAll(parent, mode, follow), (fd) => make(fd, name));
    } catch (error) {
      if (!follow || !isErrno(error, 'ENOTDIR', 'ELOOP', 'EEXIST')) throw error;
      const missing = followDangling(this.sys, (at, how) => this.open(at, how), path, error);
      if (missing === path) throw error;
      return this.#makeMissing(missing, false, make, mode);
    }
  }

  /**
   * Makes a file with content in a directory. What is there is an error: `removeIn` takes it away.
   *
   * @throws SyscallError as {@link writeNewFile} does
   */
  writeFileIn(
    directory: Fd,
    name: string,
    content: Uint8Array | string,
    attributes: FileAttributes = {},
  ): void {
    const kept = this.#keep(directory);
    const fd = openNewFile(this.sys, directory, name);
    this.#deferUnlink(kept, name, NO_FLAGS);
    fillNewFile(this.sys, fd, content, attributes);
  }

  /**
   * Makes an empty file in a directory: a place for a bind. With content it is `writeFileIn`.
   *
   * @returns the descriptor that it was made with, for reading: its name may be another file's by now.
   * @throws SyscallError
   */
  createFile(directory: Fd, name: string, mode: number): Fd {
    const how = { flags: flags(O_RDONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_CLOEXEC), mode };
    const kept = this.#keep(directory);
    const fd = this.sys.openat2(directory, component(name), how);
    this.#deferUnlink(kept, name, NO_FLAGS);
    return fd;
  }

  /** Opens what is in a directory under a name, a symbolic link itself (O_PATH). @throws SyscallError */
  openIn(directory: Fd, name: string): Fd {
    return this.sys.openat2(directory, component(name), {
      flags: flags(O_PATH, O_NOFOLLOW, O_CLOEXEC),
    });
  }

  /** Looks at what is in a directory under a name, a symbolic link itself. @throws SyscallError */
  lookIn(directory: Fd, name: string): Statx {
    return this.sys.statx(directory, component(name), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS);
  }

  /**
   * Opens a directory in a directory, and makes it if it is missing; never through a link.
   *
   * @throws SyscallError, ENOTDIR when something else is there.
   */
  enterIn(directory: Fd, name: string, mode: number): Fd {
    this.mkdirIn(directory, name, mode);
    return openRealDirectory(this.sys, directory, name);
  }

  /** Makes a directory in a directory. @returns whether it was missing. @throws SyscallError */
  mkdirIn(directory: Fd, name: string, mode: number): boolean {
    const kept = this.#keep(directory);
    try {
      this.sys.mkdirat(directory, component(name), mode);
    } catch (error) {
      if (isErrno(error, 'EEXIST')) return false;
      throw error;
    }
    this.#deferUnlink(kept, name, AT_REMOVEDIR);
    return true;
  }

  /** Makes a symbolic link in a directory. @throws SyscallError */
  symlinkIn(directory: Fd, name: string, target: string): void {
    const kept = this.#keep(directory);
    this.sys.symlinkat(target, directory, component(name));
    this.#deferUnlink(kept, name, NO_FLAGS);
  }

  /**
   * Makes a symbolic link in a directory, in place of a file or an empty directory that is there.
   *
   * @returns whether it was made: what is mounted there stays, since an earlier step was told to.
   * @throws SyscallError
   */
  symlinkOver(directory: Fd, name: string, target: string): boolean {
    try {
      this.symlinkIn(directory, name, target);
    } catch (error) {
      if (!isErrno(error, 'EEXIST') || error.syscall !== 'symlinkat') throw error;
      if (hasFlags(this.lookIn(directory, name).attributes, STATX_ATTR_MOUNT_ROOT)) return false;
      this.removeIn(directory, name);
      this.symlinkIn(directory, name, target);
    }
    return true;
  }

  /** Makes a device node in a directory. @throws SyscallError */
  mknodIn(directory: Fd, name: string, mode: number, dev: { major: number; minor: number }): void {
    const kept = this.#keep(directory);
    this.sys.mknodat(directory, component(name), mode, dev);
    this.#deferUnlink(kept, name, NO_FLAGS);
  }

  /**
   * Removes a file, or an empty directory; never what is in one. Nothing there is no error. It is
   * made again when a later step fails.
   *
   * @throws SyscallError
   */
  removeIn(directory: Fd, name: string): void {
    const kept = this.#keep(directory);
    const entry = RemovableEntry.find(this.sys, kept, component(name));
    if (entry?.content !== undefined) this.held.push(entry.content);
    try {
      // Also where nothing was seen: it may be there by now, and would be in the way.
      removeEntry(this.sys, kept, component(name), entry?.isDirectory ?? false);
    } catch (error) {
      if (entry === undefined && isErrno(error, 'ENOENT')) return;
      throw error;
    }
    if (entry !== undefined) this.defer(() => entry.restore());
  }

  #deferUnlink(kept: Fd, name: string, how: AtFlags): void {
    this.defer(() => {
      this.sys.unlinkat(kept, component(name), how);
    });
  }

  /** A descriptor of the directory that is still open when it is undone; opened before the effect. */
  #keep(directory: Fd): Fd {
    if (directory === this.#fd || this.#lasting.has(directory)) return directory;
    const kept = this.sys.openat2(directory, '.' as InRootPath, { flags: DIRECTORY });
    this.held.push(kept);
    return kept;
  }

  /** Says that a descriptor stays open until the run ends. */
  markLasting(fd: Fd): void {
    this.#lasting.add(fd);
  }

  readonly #lasting = new Set<Fd>();

  /** Descriptors that undo needs; closed at the end of a run. */
  readonly held: Fd[] = [];
}
