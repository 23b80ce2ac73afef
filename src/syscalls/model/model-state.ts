import { displayPath } from './display-path.js';
import { S_IFMT } from '../file-flags.js';
import type { DeviceNumber } from '../syscalls.js';
import type { Inode } from './inode.js';
import type { Kernel } from './kernel.js';
import { topOf, type Location } from './location.js';
import { formatMountinfo } from './mountinfo.js';
import { snapshotLines } from './snapshot.js';
import { plantFile, type SeedFile } from './seed-tree.js';
import { lookup } from './walk.js';

/** A file as a test looks at it. */
export interface ListedFile {
  /** Relative to the directory that was listed. */
  readonly path: string;
  /** The `S_IF` bits. */
  readonly type: number;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a symbolic link. */
  readonly target?: string;
  /** Of a device node. */
  readonly rdev?: DeviceNumber;
  /** Of a file. */
  readonly content?: string;
}

/** A descriptor that is open. */
export interface ListedDescriptor {
  readonly fd: number;
  readonly path: string;
  readonly closeOnExec: boolean;
}

/** What a modelled machine has come to: for assertions, without making a call. */
export class ModelState {
  constructor(private readonly kernel: Kernel) {}

  /** What could not be known of the real machine, and was taken to be so by some call. */
  get assumptions(): readonly string[] {
    return [...this.kernel.assumptions];
  }

  /** /proc/self/mountinfo. */
  get mountinfo(): string {
    return formatMountinfo(this.kernel.process);
  }

  /** The file mode creation mask. */
  get umask(): number {
    return this.kernel.process.umask;
  }

  /** The working directory. */
  get cwd(): string {
    return displayPath(this.kernel.process, this.kernel.process.cwd);
  }

  /** The host name of the UTS namespace. */
  get hostname(): string {
    return this.kernel.process.namespaces.uts.hostname;
  }

  /** Open descriptors, the three standard ones included. */
  get descriptors(): readonly ListedDescriptor[] {
    const { process } = this.kernel;
    return process.files.entries().map(([fd, { file, closeOnExec }]) => ({
      fd,
      path: displayPath(process, file.location),
      closeOnExec,
    }));
  }

  /**
   * The whole machine as lines, to compare two moments: descriptors, umask, directory, all mounts
   * of all namespaces, all files. Times are left out, and propagation in the thread's own namespace.
   */
  snapshot(): readonly string[] {
    return snapshotLines(this.kernel);
  }

  /**
   * All files below a path, sorted.
   *
   * @param options.crossMounts list what is mounted below too, and not what it covers; yes unless
   *   told otherwise.
   */
  tree(path: string, options: { readonly crossMounts?: boolean } = {}): readonly ListedFile[] {
    const { process } = this.kernel;
    const top = lookup(process, process.root, path, { follow: true });
    const found: ListedFile[] = [];
    list(top, '', options.crossMounts ?? true, found);
    return found.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** Puts a file at a path, as another process might do at any moment. */
  plant(path: string, file: SeedFile): void {
    plantFile(this.kernel, path, file);
  }

  /** Removes a file or a whole directory, as another process might do at any moment. */
  uproot(path: string): void {
    const { process } = this.kernel;
    const { inode } = lookup(process, process.root, path, {});
    inode.parent?.remove(inode.name);
  }
}

function list(
  { mount, inode }: Location,
  prefix: string,
  crossMounts: boolean,
  found: ListedFile[],
): void {
  for (const name of inode.names()) {
    const child = inode.entry(name);
    if (child === undefined) continue;
    const here = { mount, inode: child };
    const shown = crossMounts ? topOf(here) : here;
    const path = prefix + name;
    found.push(describe(path, shown.inode));
    if (shown.inode.isDirectory && shown.inode.fileSystem.traits.revealing !== true) {
      list(shown, `${path}/`, crossMounts, found);
    }
  }
}

function describe(path: string, inode: Inode): ListedFile {
  const { uid, gid, type } = inode;
  return {
    path,
    type,
    mode: inode.mode & ~S_IFMT,
    uid,
    gid,
    ...(inode.isLink ? { target: inode.target } : {}),
    ...(inode.isDevice ? { rdev: inode.rdev } : {}),
    ...(inode.isFile && inode.generate === undefined
      ? { content: new TextDecoder().decode(inode.read()) }
      : {}),
  };
}
