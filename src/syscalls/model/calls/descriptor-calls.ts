import {
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  LOOP_CTL_GET_FREE,
  O_APPEND,
  O_CLOEXEC,
  O_NONBLOCK,
  O_NOCTTY,
  TIOCGPTN,
  TIOCGPTPEER,
  TIOCGWINSZ,
  TIOCSCTTY,
  TIOCSPTLCK,
  TIOCSWINSZ,
} from '../../file-flags.js';
import { notModelled, refuse } from '../errors.js';
import { unlockedPeer } from '../devices.js';
import type { Kernel } from '../kernel.js';
import { OpenFile } from '../open-file.js';
import type { Terminal } from '../terminal.js';

const MAY_CHANGE = O_APPEND | O_NONBLOCK;
const O_LARGEFILE = 0x8000;

/** fcntl(2). */
export function fcntl(kernel: Kernel, fd: number, command: number, arg: number): number {
  const { files } = kernel.process;
  const slot = files.slot(fd);
  switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      return files.install(slot.file, command === F_DUPFD_CLOEXEC, arg);
    case F_GETFD:
      return slot.closeOnExec ? FD_CLOEXEC : 0;
    case F_SETFD:
      slot.closeOnExec = (arg & FD_CLOEXEC) !== 0;
      return 0;
    case F_GETFL:
      return slot.file.pathOnly ? slot.file.flags : slot.file.flags | O_LARGEFILE;
    case F_SETFL:
      if (slot.file.pathOnly) refuse('EBADF');
      slot.file.flags = (slot.file.flags & ~MAY_CHANGE) | (arg & MAY_CHANGE);
      return 0;
    default:
      return slot.file.pathOnly ? refuse('EBADF') : notModelled(`fcntl command ${command}`);
  }
}

/** ioctl(2) on terminals (ioctl_tty(2)). */
export function ioctl(
  kernel: Kernel,
  fd: number,
  request: number,
  arg: number | Uint8Array,
): number {
  const file = kernel.process.files.getOpened(fd);
  if (request === LOOP_CTL_GET_FREE) notModelled('loop devices');
  const { terminal } = file;
  if (terminal === undefined) return refuse('ENOTTY');
  const { pair, end } = terminal;
  switch (request) {
    case TIOCGWINSZ:
      memory(arg).set(pair.windowSize.subarray(0, memory(arg).length));
      return 0;
    case TIOCSWINSZ:
      pair.windowSize = Uint8Array.from(memory(arg).subarray(0, 8));
      return 0;
    case TIOCSCTTY:
      return notModelled('sessions and their controlling terminals');
    default:
      return end === 'master' ? masterRequest(kernel, pair, request, arg) : refuse('ENOTTY');
  }
}

function masterRequest(
  kernel: Kernel,
  pair: Terminal,
  request: number,
  arg: number | Uint8Array,
): number {
  switch (request) {
    case TIOCGPTN:
      viewOf(arg).setUint32(0, pair.number, true);
      return 0;
    case TIOCSPTLCK:
      pair.locked = viewOf(arg).getInt32(0, true) !== 0;
      return 0;
    case TIOCGPTPEER:
      return openPeer(kernel, pair, typeof arg === 'number' ? arg : refuse('EINVAL'));
    default:
      return notModelled(`ioctl request 0x${request.toString(16)}`);
  }
}

// Without a path: whatever is mounted over /dev/pts has no say (Linux 4.13).
function openPeer(kernel: Kernel, pair: Terminal, flags: number): number {
  unlockedPeer(pair.peer);
  const mount = kernel.mountShowing(pair.peer.fileSystem);
  const file = new OpenFile({ mount, inode: pair.peer }, flags & ~(O_CLOEXEC | O_NOCTTY));
  file.terminal = { pair, end: 'peer' };
  return kernel.process.files.install(file, (flags & O_CLOEXEC) !== 0);
}

function memory(arg: number | Uint8Array): Uint8Array {
  return typeof arg === 'number' ? refuse('EFAULT') : arg;
}

function viewOf(arg: number | Uint8Array): DataView {
  const bytes = memory(arg);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
