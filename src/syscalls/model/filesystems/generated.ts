import { S_IFDIR, S_IFLNK, S_IFREG } from '../../file-flags.js';
import type { FileSystem } from '../file-system.js';
import type { Inode } from '../inode.js';

/** How an entry of a directory that the kernel makes comes to be. */
export type Entry = () => Inode;

/** A file whose content is made when it is read. */
export function generatedFile(fileSystem: FileSystem, mode: number, content: () => string): Inode {
  const file = fileSystem.inode(S_IFREG | mode, 0, 0);
  file.generate = content;
  return file;
}

export function linkTo(fileSystem: FileSystem, target: string): Inode {
  const link = fileSystem.inode(S_IFLNK | 0o777, 0, 0);
  link.target = target;
  return link;
}

/** A directory with fixed entries, each made when it is first looked at. */
export function fixedDirectory(
  fileSystem: FileSystem,
  mode: number,
  entries: Readonly<Record<string, Entry>>,
): Inode {
  return fillDirectory(fileSystem.inode(S_IFDIR | mode, 0, 0), entries);
}

/** Gives a directory fixed entries. */
export function fillDirectory(directory: Inode, entries: Readonly<Record<string, Entry>>): Inode {
  const table = new Map(Object.entries(entries));
  directory.source = { lookup: (name) => table.get(name)?.(), names: () => [...table.keys()] };
  return directory;
}

/** A directory that exists to be mounted on, and never has anything in it. */
export function emptyDirectory(fileSystem: FileSystem): Inode {
  const directory = fileSystem.inode(S_IFDIR | 0o755, 0, 0);
  directory.permanentlyEmpty = true;
  return directory;
}
