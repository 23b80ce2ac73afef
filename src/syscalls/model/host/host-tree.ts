import { S_IFDIR } from '../../file-flags.js';
import type { Timespec } from '../../syscalls.js';
import type { FileSystem } from '../file-system.js';
import type { DirectorySource, Inode } from '../inode.js';
import type { HostFile, HostReader } from './host-reader.js';

/** Files of the real machine in the model: read when they are looked at, and never written. */

/** Makes a file of the model show one of the machine. */
export function showHostFile(
  reader: HostReader,
  inode: Inode,
  path: string,
  file: HostFile,
): Inode {
  inode.mode = file.mode;
  inode.uid = file.uid;
  inode.gid = file.gid;
  inode.rdev = file.rdev;
  inode.atime = timespec(file.atimeNs);
  inode.mtime = timespec(file.mtimeNs);
  inode.ctime = inode.mtime;
  if (inode.isDirectory) {
    inode.source = hostDirectory(reader, inode.fileSystem, path);
    // Not counted: who may not list it may be told all the same.
    inode.knownLinks = file.links;
  }
  if (inode.isLink) inode.target = reader.target(path);
  if (inode.isFile) {
    inode.knownSize = file.size;
    inode.loadContent = () => reader.content(path);
  }
  return inode;
}

/** The entries of a directory of the machine. */
export function hostDirectory(
  reader: HostReader,
  fileSystem: FileSystem,
  path: string,
): DirectorySource {
  return {
    names: () => reader.names(path),
    lookup(name) {
      const below = path === '/' ? `/${name}` : `${path}/${name}`;
      const file = reader.stat(below);
      return file && showHostFile(reader, fileSystem.inode(S_IFDIR, 0, 0), below, file);
    },
  };
}

/**
 * What is covered by a mount cannot be seen from outside. It is nearly always an empty directory
 * that all may read, and is taken for one; that it was, is told.
 */
export function hideBelowMount(
  inode: Inode,
  path: string,
  assumed: (assumption: string) => void,
): void {
  if (!inode.isDirectory) return;
  const assumeEmpty = (): void =>
    assumed(`${path} is an empty directory below what is mounted there`);
  inode.mode = S_IFDIR | 0o755;
  inode.uid = 0;
  inode.gid = 0;
  inode.source = {
    names: () => {
      assumeEmpty();
      return [];
    },
    lookup: () => {
      assumeEmpty();
      return undefined;
    },
  };
}

const timespec = (nanoseconds: bigint): Timespec => ({
  sec: nanoseconds / 1_000_000_000n,
  nsec: Number(nanoseconds % 1_000_000_000n),
});
