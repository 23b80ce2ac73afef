import { S_IFCHR } from '../file-flags.js';
import { notModelled, refuse } from './errors.js';
import { terminalsOf } from './filesystems/devpts.js';
import type { Inode } from './inode.js';
import type { Location } from './location.js';
import { isMountRoot, topOf } from './location.js';
import { MNT_NODEV } from './mount.js';
import type { OpenFile } from './open-file.js';
import type { Terminal, Terminals } from './terminal.js';

/** Character devices that the model knows (devices.txt of the kernel). */
const MEMORY_MAJOR = 1;
const TTY_MAJOR = 5;
const PEER_MAJOR = 136;
type MemoryDevice = 'null' | 'zero' | 'full' | 'random';
const MEMORY_DEVICES: Readonly<Record<number, MemoryDevice>> = {
  3: 'null',
  5: 'zero',
  7: 'full',
  8: 'random',
  9: 'random',
};

/** Nodes are dead on a nodev mount, and on file systems that a user namespace mounted. */
export function checkDeviceUsable({ mount, inode }: Location): void {
  const { fileSystem } = inode;
  const foreign = fileSystem.owner.parent !== undefined;
  const dead = fileSystem.traits.noDevices === true || foreign;
  if ((mount.flags & MNT_NODEV) !== 0 || (dead && terminalsOf(fileSystem) === undefined))
    refuse('EACCES');
}

/** Opens what a device node stands for. */
export function openDevice(file: OpenFile): void {
  const { inode } = file.location;
  const { major, minor } = inode.rdev;
  const name = `${major}:${minor}`;
  if (inode.type !== S_IFCHR) notModelled(`the block device ${name}`);
  if (memoryDevice(inode) !== undefined) return;
  if (major === TTY_MAJOR && minor === 0) refuse('ENXIO');
  if (major === TTY_MAJOR && minor === 2) openMaster(file);
  else if (major === PEER_MAJOR) openPeer(file);
  else if (major === 0) refuse('ENXIO');
  else notModelled(`the character device ${name}`);
}

/** Which of the memory devices a node is. */
export function memoryDevice(inode: Inode): MemoryDevice | undefined {
  if (inode.type !== S_IFCHR || inode.rdev.major !== MEMORY_MAJOR) return undefined;
  return MEMORY_DEVICES[inode.rdev.minor];
}

// A ptmx opens a terminal of the devpts that it is on, or that is mounted at `pts` beside it.
function openMaster(file: OpenFile): void {
  const { mount, inode } = file.location;
  const pair = (terminalsOf(inode.fileSystem) ?? terminalsBeside({ mount, inode })).open();
  file.terminal = { pair, end: 'master' };
}

function terminalsBeside({ mount, inode }: Location): Terminals {
  const beside = inode.parent?.entry('pts') ?? refuse('ENOENT');
  const place = topOf({ mount, inode: beside });
  return (isMountRoot(place) ? terminalsOf(place.inode.fileSystem) : undefined) ?? refuse('ENODEV');
}

function openPeer(file: OpenFile): void {
  file.terminal = { pair: unlockedPeer(file.location.inode), end: 'peer' };
}

/** The terminal of a peer, which cannot be opened before unlockpt(3). */
export function unlockedPeer(peer: Inode): Terminal {
  const pair = terminalsOf(peer.fileSystem)?.find(peer) ?? refuse('EIO');
  return pair.locked ? refuse('EIO') : pair;
}
