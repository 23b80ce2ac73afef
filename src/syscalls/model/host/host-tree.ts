import { S_IFDIR } from '../../file-flags.js';
import type { Timespec } from '../../syscalls.js';
import type { FileSystem } from '../file-system.js';
import type { DirectorySource, Inode } from '../inode.js';
import { HostUnreadableError, type HostFile, type HostReader } from './host-reader.js';

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
  const time = timespec(file.mtimeMs);
  inode.atime = time;
  inode.mtime = time;
  inode.ctime = time;
  if (inode.isDirectory) inode.source = hostDirectory(reader, inode.fileSystem, path);
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

/** What is covered by a mount cannot be seen from outside, so that the model cannot know it. */
export function hideBelowMount(inode: Inode, path: string): void {
  if (!inode.isDirectory) return;
  const hidden = (): never => {
    throw new HostUnreadableError(`what is mounted over at ${path}`);
  };
  inode.source = { names: hidden, lookup: hidden };
}

function timespec(milliseconds: number): Timespec {
  const sec = Math.floor(milliseconds / 1000);
  return { sec: BigInt(sec), nsec: Math.floor((milliseconds - sec * 1000) * 1e6) };
}
