import type { Fd } from './descriptor.js';
import {
  AT_REMOVEDIR,
  AT_SYMLINK_NOFOLLOW,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_RDONLY,
  O_WRONLY,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  STATX_BASIC_STATS,
  type AtFlags,
} from './file-flags.js';
import { flags } from './flags.js';
import type { Component } from './paths.js';
import { isErrno } from './syscall-error.js';
import type { Statx, Syscalls } from './syscalls.js';
import { writeAll } from './whole-content.js';
import { withFd } from './with-fd.js';

const PIECE = 65536;

/** Removes an entry of a directory; a directory only when it is empty. @throws SyscallError */
export function removeEntry(
  sys: Syscalls,
  directory: Fd,
  name: Component,
  isDirectory: boolean,
): void {
  try {
    sys.unlinkat(directory, name, isDirectory ? AT_REMOVEDIR : flags<AtFlags>());
  } catch (error) {
    if (!isErrno(error, 'ENOTEMPTY')) throw error;
    const where = `${sys.descriptors.get(directory)}/${name}`;
    throw error.withHint(`${where} is a directory with content, which is never removed`);
  }
}

/** An entry of a directory that can be made again as it was, once it is removed. */
export class RemovableEntry {
  /** Of a regular file: holds its content once the name is gone. */
  readonly content: Fd | undefined;
  readonly #target: string;

  private constructor(
    private readonly sys: Syscalls,
    private readonly directory: Fd,
    private readonly name: Component,
    private readonly stat: Statx,
  ) {
    this.#target = this.#is(S_IFLNK) ? sys.readlinkat(directory, name) : '';
    if (this.#is(S_IFREG) && stat.size > 0n) {
      const how = { flags: flags(O_RDONLY, O_NOFOLLOW, O_CLOEXEC) };
      this.content = sys.openat2(directory, name, how);
    }
  }

  /** Looks at an entry. @returns undefined when there is none. @throws SyscallError */
  static find(sys: Syscalls, directory: Fd, name: Component): RemovableEntry | undefined {
    let stat: Statx;
    try {
      stat = sys.statx(directory, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
    return new RemovableEntry(sys, directory, name, stat);
  }

  get isDirectory(): boolean {
    return this.#is(S_IFDIR);
  }

  /** Makes it again: type, content, mode and owner, not its times and extended attributes. */
  restore(): void {
    const { sys, directory, name, stat } = this;
    const before = sys.umask(0);
    try {
      this.#make();
    } finally {
      sys.umask(before);
    }
    const { uid, gid } = sys.statx(directory, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS);
    if (uid === stat.uid && gid === stat.gid) return;
    sys.fchownat(directory, name, stat.uid, stat.gid, AT_SYMLINK_NOFOLLOW);
  }

  #make(): void {
    const { sys, directory, name, stat } = this;
    if (this.#is(S_IFLNK)) sys.symlinkat(this.#target, directory, name);
    else if (this.#is(S_IFDIR)) sys.mkdirat(directory, name, stat.mode & ~S_IFMT);
    else if (this.#is(S_IFREG)) this.#makeFile();
    else sys.mknodat(directory, name, stat.mode, stat.rdev);
  }

  #makeFile(): void {
    const { sys, content } = this;
    const how = {
      flags: flags(O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_CLOEXEC),
      mode: this.stat.mode & ~S_IFMT,
    };
    withFd(sys, sys.openat2(this.directory, this.name, how), (file) => {
      if (content === undefined) return;
      for (let piece = sys.read(content, PIECE); piece.length > 0; piece = sys.read(content, PIECE))
        writeAll(sys, file, piece);
    });
  }

  #is(type: number): boolean {
    return (this.stat.mode & S_IFMT) === type;
  }
}
