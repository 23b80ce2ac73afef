import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG, S_IFSOCK } from '../file-flags.js';
import type { DeviceNumber } from '../syscalls.js';
import type { Inode } from './inode.js';
import type { Kernel } from './kernel.js';
import { topOf, type Location } from './location.js';
import { UserNamespace, type IdRange } from './user-namespace.js';

/** A file that is there when the model starts. */
export interface SeedFile {
  /** Type and permission bits, such as `S_IFCHR | 0o666`. */
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly content?: string | Uint8Array;
  readonly target?: string;
  readonly rdev?: DeviceNumber;
  /** The file of a user namespace that somebody has made and bound there. */
  readonly userNamespace?: SeedIdMaps;
}

/** The maps of a user namespace (user_namespaces(7)). */
export interface SeedIdMaps {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
}

/**
 * Files by their absolute paths; a text is what a regular file of mode 0644 contains. Directories
 * above them are made as they are needed.
 */
export type SeedTree = Readonly<Record<string, SeedFile | string>>;

/** Owner and group of a seeded file, 0 unless given. */
export interface SeedOwner {
  readonly uid?: number;
  readonly gid?: number;
}

/** A directory that is there when the model starts. */
export const directory = (mode = 0o755, owner: SeedOwner = {}): SeedFile => ({
  mode: S_IFDIR | mode,
  ...owner,
});

/** A regular file. */
export const file = (
  content: string | Uint8Array = '',
  mode = 0o644,
  owner: SeedOwner = {},
): SeedFile => ({
  mode: S_IFREG | mode,
  content,
  ...owner,
});

/** A symbolic link. */
export const symlink = (target: string, owner: SeedOwner = {}): SeedFile => ({
  mode: S_IFLNK | 0o777,
  target,
  ...owner,
});

/** A named pipe. */
export const fifo = (mode = 0o644, owner: SeedOwner = {}): SeedFile => ({
  mode: S_IFIFO | mode,
  ...owner,
});

/** A socket that nobody listens on. */
export const socket = (mode = 0o755, owner: SeedOwner = {}): SeedFile => ({
  mode: S_IFSOCK | mode,
  ...owner,
});

/** A character device. */
export const charDevice = (
  major: number,
  minor: number,
  mode = 0o666,
  owner: SeedOwner = {},
): SeedFile => ({
  mode: S_IFCHR | mode,
  rdev: { major, minor },
  ...owner,
});

/** A block device. */
export const blockDevice = (
  major: number,
  minor: number,
  mode = 0o660,
  owner: SeedOwner = {},
): SeedFile => ({
  mode: S_IFBLK | mode,
  rdev: { major, minor },
  ...owner,
});

/** The file of a user namespace, as mount(8) --bind of /proc/PID/ns/user makes it. */
export const userNamespaceFile = (maps: SeedIdMaps): SeedFile => ({
  mode: S_IFREG | 0o444,
  userNamespace: maps,
});

/** Puts files into the tree as it is mounted, asking nobody for permission. */
export function plantTree(kernel: Kernel, tree: SeedTree): void {
  for (const [path, seed] of Object.entries(tree))
    plantFile(kernel, path, typeof seed === 'string' ? file(seed) : seed);
}

/** Puts one file at a path, in place of what is there. */
export function plantFile(kernel: Kernel, path: string, seed: SeedFile): Inode {
  const names = path.split('/').filter((name) => name !== '');
  const last = names.pop();
  const top = topOf(kernel.process.root);
  const parent = names.reduce((at, name) => enterDirectory(at, name), top);
  if (last === undefined) return adjust(top.inode, seed);
  const existing = parent.inode.entry(last);
  if (existing?.isDirectory === true && existing.type === (seed.mode & 0o170000)) {
    return adjust(topOf({ mount: parent.mount, inode: existing }).inode, seed);
  }
  const { fileSystem } = parent.inode;
  const inode = adjust(fileSystem.inode(seed.mode, 0, 0), seed);
  if (seed.userNamespace !== undefined) {
    const { uids, gids } = seed.userNamespace;
    const user = new UserNamespace(kernel.initialUserNamespace, 0, uids, gids);
    inode.namespace = { kind: 'user', user };
  }
  parent.inode.add(last, inode);
  return inode;
}

/** A directory by its name, made when it is missing, with what is mounted on it. */
function enterDirectory({ mount, inode }: Location, name: string): Location {
  let child = inode.entry(name);
  if (child === undefined) {
    child = inode.fileSystem.inode(S_IFDIR | 0o755, 0, 0);
    inode.add(name, child);
  }
  return topOf({ mount, inode: child });
}

function adjust(inode: Inode, { mode, uid = 0, gid = 0, content, target, rdev }: SeedFile): Inode {
  inode.mode = mode;
  inode.uid = uid;
  inode.gid = gid;
  if (content !== undefined)
    inode.content = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  if (target !== undefined) inode.target = target;
  if (rdev !== undefined) inode.rdev = rdev;
  return inode;
}
