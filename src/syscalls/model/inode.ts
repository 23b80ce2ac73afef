import {
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from '../file-flags.js';
import type { DeviceNumber, Timespec } from '../syscalls.js';
import type { FileSystem } from './file-system.js';
import type { Namespace } from './namespaces.js';
import type { Location } from './location.js';

/** Where a directory's entries come from when they are not kept in the model's memory. */
export interface DirectorySource {
  /** The entry, or undefined where there is none. */
  lookup(name: string): Inode | undefined;
  names(): readonly string[];
  /** Entries come and go by themselves, as in /proc/self/fd; nothing is remembered. */
  readonly volatile?: true;
}

const NO_DEVICE: DeviceNumber = { major: 0, minor: 0 };
const EMPTY = new Uint8Array(0);

/**
 * A file of any type, with the one name it has. No call of the adapter makes hard links, so name
 * and file are one thing here where the kernel has dentries and inodes.
 */
export class Inode {
  parent: Inode | undefined;
  name = '';
  /** False once it was removed; descriptors and mounts may still hold it. */
  linked = true;
  content: Uint8Array = EMPTY;
  /** What a symbolic link says. */
  target = '';
  rdev: DeviceNumber = NO_DEVICE;
  atime: Timespec;
  mtime: Timespec;
  ctime: Timespec;
  /** Content made when it is read, as in /proc. */
  generate?: () => string;
  /** Takes what is written to content that is made up. */
  store?: (text: string) => void;
  /** Content of the real machine, read when it is wanted. */
  loadContent?: () => Uint8Array;
  /** Of a directory whose links are not counted here. One link: its file system counts none. */
  knownLinks?: number;
  /** Its size before it was read. */
  knownSize?: number;
  /** A link that leads to an object and not along a path: /proc/self/fd/N (proc(5)). */
  jump?: () => Location;
  /** How the file is called where it has no path, such as `pipe:[1]`. */
  displayName?: string;
  /** The namespace that a file of nsfs stands for. */
  namespace?: Namespace;
  /** A directory in which nothing can ever be, made by the kernel to be mounted on. */
  permanentlyEmpty = false;
  source?: DirectorySource;
  readonly #entries = new Map<string, Inode>();
  readonly #removed = new Set<string>();

  constructor(
    readonly fileSystem: FileSystem,
    readonly ino: number,
    /** Type and permission bits. */
    public mode: number,
    public uid: number,
    public gid: number,
    now: Timespec,
  ) {
    this.atime = now;
    this.mtime = now;
    this.ctime = now;
  }

  get type(): number {
    return this.mode & S_IFMT;
  }

  get isDirectory(): boolean {
    return this.type === S_IFDIR;
  }

  get isLink(): boolean {
    return this.type === S_IFLNK;
  }

  get isFile(): boolean {
    return this.type === S_IFREG;
  }

  get isDevice(): boolean {
    return this.type === S_IFCHR || this.type === S_IFBLK;
  }

  /** Device nodes, fifos and sockets: writing to them does not write to the file system. */
  get isSpecial(): boolean {
    return this.isDevice || this.type === S_IFIFO || this.type === S_IFSOCK;
  }

  /** An entry of this directory. */
  entry(name: string): Inode | undefined {
    const known = this.#entries.get(name);
    if (known !== undefined || this.source === undefined || this.#removed.has(name)) return known;
    const found = this.source.lookup(name);
    if (found === undefined) return undefined;
    found.parent = this;
    found.name = name;
    if (this.source.volatile !== true) this.#entries.set(name, found);
    return found;
  }

  names(): string[] {
    if (this.source === undefined) return [...this.#entries.keys()];
    const lower = this.source.names().filter((name) => !this.#removed.has(name));
    return [...new Set([...lower, ...this.#entries.keys()])];
  }

  add(name: string, child: Inode): void {
    this.#countLink(child, 1);
    this.#entries.set(name, child);
    this.#removed.delete(name);
    child.parent = this;
    child.name = name;
    child.linked = true;
  }

  remove(name: string): void {
    const child = this.entry(name);
    if (child !== undefined) {
      this.#countLink(child, -1);
      child.linked = false;
    }
    this.#entries.delete(name);
    if (this.source !== undefined) this.#removed.add(name);
  }

  #countLink(child: Inode, by: 1 | -1): void {
    const { knownLinks = 1 } = this;
    if (knownLinks > 1 && child.isDirectory) this.knownLinks = knownLinks + by;
  }

  /** Whether this directory is the file or one of the directories above it. */
  contains(file: Inode): boolean {
    for (let at: Inode | undefined = file; at !== undefined; at = at.parent) {
      if (at === this) return true;
    }
    return false;
  }

  /** The path in its own file system, as mountinfo shows a mount's root. */
  get path(): string {
    if (this.displayName !== undefined) return this.displayName;
    return this.parent === undefined
      ? '/'
      : `${this.parent.parent === undefined ? '' : this.parent.path}/${this.name}`;
  }

  /** Removed itself, as the kernel's `d_unlinked` has it: a directory above does not count. */
  get unlinked(): boolean {
    return !this.linked;
  }

  /** Content, wherever it is kept. */
  read(): Uint8Array {
    if (this.generate !== undefined) return new TextEncoder().encode(this.generate());
    if (this.loadContent !== undefined) {
      this.content = this.loadContent();
      delete this.loadContent;
      delete this.knownSize;
    }
    return this.content;
  }
}
