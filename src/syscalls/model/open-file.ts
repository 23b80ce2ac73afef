import { O_PATH, O_RDWR, O_WRONLY } from '../file-flags.js';
import { refuse } from './errors.js';
import type { FsContext } from './fs-context.js';
import type { Location } from './location.js';
import type { Terminal } from './terminal.js';

const O_ACCMODE = 3;

/** An open file description: what open(2) made, shared by all descriptors that are copies. */
export class OpenFile {
  offset = 0;
  /** Descriptors that share it. */
  references = 0;
  /** Entries of a directory were all read. */
  listed = false;
  /** A file system that is being configured (fsopen(2)). */
  context?: FsContext;
  /** One end of a pseudo terminal. */
  terminal?: { readonly pair: Terminal; readonly end: 'master' | 'peer' };
  /** It holds a detached tree, which ends with it unless it was attached. */
  holdsTree = false;

  constructor(
    readonly location: Location,
    public flags: number,
  ) {}

  /** Names a place and gives no access to content (open(2), O_PATH). */
  get pathOnly(): boolean {
    return (this.flags & O_PATH) !== 0;
  }

  get readable(): boolean {
    return !this.pathOnly && (this.flags & O_ACCMODE) !== O_WRONLY;
  }

  get writable(): boolean {
    const mode = this.flags & O_ACCMODE;
    return !this.pathOnly && (mode === O_WRONLY || mode === O_RDWR);
  }

  /** It keeps its mount from becoming read-only. */
  get holdsWrite(): boolean {
    return this.writable && !this.location.inode.isSpecial;
  }
}

interface Slot {
  readonly file: OpenFile;
  closeOnExec: boolean;
}

/** The descriptors of a process. A new one has the lowest free number (open(2)). */
export class FileTable {
  readonly #slots = new Map<number, Slot>();

  install(file: OpenFile, closeOnExec: boolean, least = 0): number {
    let fd = least;
    while (this.#slots.has(fd)) fd += 1;
    this.#slots.set(fd, { file, closeOnExec });
    file.references += 1;
    return fd;
  }

  slot(fd: number): Slot {
    return this.#slots.get(fd) ?? refuse('EBADF');
  }

  get(fd: number): OpenFile {
    return this.slot(fd).file;
  }

  /** For calls that need access to content: EBADF with an O_PATH descriptor. */
  getOpened(fd: number): OpenFile {
    const file = this.get(fd);
    return file.pathOnly ? refuse('EBADF') : file;
  }

  close(fd: number): OpenFile {
    const { file } = this.slot(fd);
    this.#slots.delete(fd);
    file.references -= 1;
    return file;
  }

  entries(): readonly (readonly [number, Slot])[] {
    return [...this.#slots].sort(([a], [b]) => a - b);
  }

  files(): Set<OpenFile> {
    return new Set([...this.#slots.values()].map((slot) => slot.file));
  }
}
