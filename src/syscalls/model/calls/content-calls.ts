import { O_APPEND } from '../../file-flags.js';
import type { DirEntry } from '../../syscalls.js';
import { memoryDevice } from '../devices.js';
import { notModelled, refuse } from '../errors.js';
import type { Inode } from '../inode.js';
import type { Kernel } from '../kernel.js';
import type { OpenFile } from '../open-file.js';
import { fileAt } from './places.js';
import { AT_SYMLINK_NOFOLLOW } from '../../file-flags.js';

/** read(2). */
export function read(kernel: Kernel, fd: number, length: number): Uint8Array {
  const file = kernel.process.files.getOpened(fd);
  if (!file.readable) refuse('EBADF');
  const { inode } = file.location;
  if (inode.isDirectory) refuse('EISDIR');
  if (inode.namespace !== undefined) refuse('EINVAL');
  if (file.context !== undefined) return readLog(file.context.log, length);
  if (inode.isSpecial) return readDevice(inode, length);
  const piece = inode.read().subarray(file.offset, file.offset + length);
  file.offset += piece.length;
  return Uint8Array.from(piece);
}

// One message a read; then there is no data (fsopen(2)).
function readLog(log: string[], length: number): Uint8Array {
  const message = log.shift() ?? refuse('ENODATA');
  const bytes = new TextEncoder().encode(`${message}\n`);
  return bytes.length > length ? refuse('EMSGSIZE') : bytes;
}

function readDevice(inode: Inode, length: number): Uint8Array {
  const device = memoryDevice(inode);
  if (device === 'null') return new Uint8Array(0);
  // Zeros are as random as any other bytes.
  if (device !== undefined) return new Uint8Array(length);
  return notModelled('data that comes through terminals, fifos and devices');
}

/** write(2). */
export function write(kernel: Kernel, fd: number, data: Uint8Array): number {
  const file = kernel.process.files.getOpened(fd);
  if (!file.writable) refuse('EBADF');
  const { inode } = file.location;
  if (file.context !== undefined) refuse('EINVAL');
  if (inode.store !== undefined) inode.store(new TextDecoder().decode(data));
  else if (inode.generate !== undefined)
    notModelled(`writing to ${inode.path} of ${inode.fileSystem.traits.type}`);
  else if (inode.isSpecial) writeDevice(inode);
  else store(kernel, file, data);
  return data.length;
}

function writeDevice(inode: Inode): void {
  const device = memoryDevice(inode);
  if (device === 'full') refuse('ENOSPC');
  if (device === undefined) notModelled('data that goes through terminals, fifos and devices');
}

function store(kernel: Kernel, file: OpenFile, data: Uint8Array): void {
  const { inode } = file.location;
  const before = inode.read();
  const offset = (file.flags & O_APPEND) === 0 ? file.offset : before.length;
  if (data.length > 0) {
    const after = new Uint8Array(Math.max(before.length, offset + data.length));
    after.set(before);
    after.set(data, offset);
    inode.content = after;
    delete inode.knownSize;
  }
  file.offset = offset + data.length;
  inode.mtime = kernel.now();
}

/** readlinkat(2). The empty path is the link that the descriptor is of. */
export function readlinkat(kernel: Kernel, dirfd: number, path: string): string {
  const { inode } = fileAt(kernel, dirfd, path, AT_SYMLINK_NOFOLLOW | (path === '' ? 0x1000 : 0));
  if (!inode.isLink) refuse(path === '' ? 'ENOENT' : 'EINVAL');
  const target = inode.jump === undefined ? inode.target : new TextDecoder().decode(inode.read());
  return target === '' ? refuse('ENOENT') : target;
}

/** Bytes of the buffer that getdents64(2) is given here. */
const BUFFER = 32768;
const ENTRY_HEADER = 19;

/** getdents64(2). */
export function getdents64(kernel: Kernel, fd: number): readonly DirEntry[] {
  const file = kernel.process.files.getOpened(fd);
  const { inode } = file.location;
  if (!inode.isDirectory) refuse('ENOTDIR');
  if (inode.unlinked) refuse('ENOENT');
  const entries = listDirectory(inode);
  const taken: DirEntry[] = [];
  let size = 0;
  for (const entry of entries.slice(file.offset)) {
    size += Math.ceil((ENTRY_HEADER + Buffer.byteLength(entry.name) + 1) / 8) * 8;
    if (size > BUFFER) break;
    taken.push(entry);
  }
  file.offset += taken.length;
  return taken;
}

function listDirectory(directory: Inode): DirEntry[] {
  const entryOf = (name: string, inode: Inode): DirEntry => ({
    name,
    ino: BigInt(inode.ino),
    type: inode.type,
  });
  const dots = [entryOf('.', directory), entryOf('..', directory.parent ?? directory)];
  const children = directory.names().flatMap((name) => {
    const child = directory.entry(name);
    return child === undefined ? [] : [entryOf(name, child)];
  });
  return [...dots, ...children];
}
