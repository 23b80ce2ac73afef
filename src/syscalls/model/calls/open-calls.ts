import {
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  RESOLVE_BENEATH,
  RESOLVE_CACHED,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  S_IFIFO,
  S_IFREG,
  S_IFSOCK,
} from '../../file-flags.js';
import type { OpenHow } from '../../syscalls.js';
import { unmountTree } from '../detach.js';
import { checkDeviceUsable, openDevice } from '../devices.js';
import { notModelled, refuse } from '../errors.js';
import { terminalsOf } from '../filesystems/devpts.js';
import { refuseAccess } from '../idmap.js';
import type { Kernel } from '../kernel.js';
import type { Location } from '../location.js';
import { endIfUnused } from '../namespace-lifetime.js';
import { OpenFile } from '../open-file.js';
import { checkAccess, checkCreate, checkWritable, MAY_READ, MAY_WRITE } from '../permissions.js';
import { Walk, type LastName } from '../walk.js';
import { createFile } from './create.js';
import { startOf } from './places.js';

const O_ACCMODE = 3;
const O_LARGEFILE = 0x8000;
const KNOWN_OPEN =
  O_ACCMODE |
  O_CREAT |
  O_EXCL |
  O_NOCTTY |
  O_TRUNC |
  O_APPEND |
  O_NONBLOCK |
  O_DIRECTORY |
  O_NOFOLLOW |
  O_CLOEXEC |
  O_PATH |
  O_LARGEFILE;
const KNOWN_WITH_PATH = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
const KNOWN_RESOLVE =
  RESOLVE_NO_XDEV |
  RESOLVE_NO_MAGICLINKS |
  RESOLVE_NO_SYMLINKS |
  RESOLVE_BENEATH |
  RESOLVE_IN_ROOT |
  RESOLVE_CACHED;
const MAKES_OR_EMPTIES = O_CREAT | O_TRUNC;

/** openat2(2). */
export function openat2(kernel: Kernel, dirfd: number, path: string, how: OpenHow): number {
  const { flags, mode = 0, resolve = 0 } = how;
  checkHow(flags, mode, resolve);
  const { process } = kernel;
  if (path === '') refuse('ENOENT');
  const walk = new Walk(process, startOf(kernel, dirfd, path, resolve), resolve);
  const found = resolveLast(kernel, walk, path, flags, mode);
  const file = openFound(kernel, found, flags);
  return process.files.install(file, (flags & O_CLOEXEC) !== 0);
}

// openat2 refuses what open(2) ignores.
function checkHow(flags: number, mode: number, resolve: number): void {
  if ((flags & ~KNOWN_OPEN) !== 0)
    notModelled(`open flags 0x${(flags & ~KNOWN_OPEN).toString(16)}`);
  if ((resolve & ~KNOWN_RESOLVE) !== 0) refuse('EINVAL');
  const both = RESOLVE_BENEATH | RESOLVE_IN_ROOT;
  if ((resolve & both) === both) refuse('EINVAL');
  if ((flags & O_CREAT) === 0 && mode !== 0) refuse('EINVAL');
  if ((flags & O_CREAT) !== 0 && (flags & O_DIRECTORY) !== 0) refuse('EINVAL');
  if ((flags & O_PATH) !== 0 && (flags & ~KNOWN_WITH_PATH) !== 0) refuse('EINVAL');
  // The kernel may always say that a path is not in its cache, and the model has no cache.
  if ((resolve & RESOLVE_CACHED) !== 0) refuse('EAGAIN');
}

interface Found {
  readonly location: Location;
  readonly created: boolean;
}

function resolveLast(kernel: Kernel, walk: Walk, path: string, flags: number, mode: number): Found {
  const creating = (flags & O_CREAT) !== 0;
  const exclusive = creating && (flags & O_EXCL) !== 0;
  const follow = (flags & O_NOFOLLOW) === 0 && !exclusive;
  let directory = (flags & O_DIRECTORY) !== 0;
  let last = walk.toLast(path);
  for (;;) {
    if (creating && last.slash) refuse('EISDIR');
    directory ||= last.slash;
    const location = walk.find(last);
    if (location === undefined) {
      if (!creating) refuse('ENOENT');
      return { location: walk.finish(create(kernel, walk.at, last, mode)), created: true };
    }
    if (location.inode.isLink && last.kind === 'name' && (follow || last.slash)) {
      last = walk.followLast(location);
      continue;
    }
    if (exclusive) refuse('EEXIST');
    walk.finish(location);
    if (creating && location.inode.isDirectory) refuse('EISDIR');
    if (directory && !location.inode.isDirectory) refuse('ENOTDIR');
    return { location, created: false };
  }
}

function create(kernel: Kernel, directory: Location, last: LastName, mode: number): Location {
  checkWritable(directory);
  checkCreate(kernel.process, directory.inode);
  const inode = createFile(kernel, directory.inode, last.name, 'file', S_IFREG | (mode & 0o7777));
  return { mount: directory.mount, inode };
}

function openFound(kernel: Kernel, { location, created }: Found, flags: number): OpenFile {
  if ((flags & O_PATH) !== 0) return new OpenFile(location, flags & ~O_CLOEXEC);
  const { inode, mount } = location;
  const truncates = !created && inode.isFile && (flags & O_TRUNC) !== 0;
  if (truncates && mount.readonly) refuse('EROFS');
  if (!created) checkOpen(kernel, location, flags);
  const file = new OpenFile(
    location,
    flags & ~(O_CLOEXEC | O_NOFOLLOW | MAKES_OR_EMPTIES | O_EXCL | O_NOCTTY),
  );
  if (file.holdsWrite && mount.readonly) refuse('EROFS');
  if (inode.isDevice) openDevice(file);
  if (truncates) truncate(kernel, location);
  return file;
}

function checkOpen(kernel: Kernel, location: Location, flags: number): void {
  refuseAccess(location);
  const { inode } = location;
  const wanted = accessOf(flags);
  if (inode.isLink) refuse('ELOOP');
  if (inode.isDirectory && (wanted & MAY_WRITE) !== 0) refuse('EISDIR');
  if (inode.isDevice) checkDeviceUsable(location);
  checkAccess(kernel.process, inode, wanted);
  if (inode.type === S_IFSOCK) refuse('ENXIO');
  if (inode.type === S_IFIFO) checkFifo(flags);
}

function accessOf(flags: number): number {
  const mode = flags & O_ACCMODE;
  const read = mode === O_WRONLY ? 0 : MAY_READ;
  const write = mode === O_RDONLY ? 0 : MAY_WRITE;
  return read | write | ((flags & O_TRUNC) === 0 ? 0 : MAY_WRITE);
}

// Nobody else can open the other end, so that a wait would never end (fifo(7)).
function checkFifo(flags: number): void {
  const mode = flags & O_ACCMODE;
  if ((flags & O_NONBLOCK) === 0 && mode !== 2) notModelled('waiting for the other end of a fifo');
  if (mode === O_WRONLY) refuse('ENXIO');
}

function truncate(kernel: Kernel, { inode }: Location): void {
  delete inode.loadContent;
  delete inode.knownSize;
  if (inode.generate !== undefined) return;
  inode.content = new Uint8Array(0);
  inode.mtime = kernel.now();
}

/** close(2). With the last descriptor goes what it held. */
export function close(kernel: Kernel, fd: number): void {
  const file = kernel.process.files.close(fd);
  if (file.references > 0) return;
  if (file.terminal?.end === 'master') {
    terminalsOf(file.terminal.pair.peer.fileSystem)?.close(file.terminal.pair);
  }
  const { mount, inode } = file.location;
  if (inode.namespace !== undefined && 'mount' in inode.namespace)
    endIfUnused(kernel, inode.namespace.mount);
  const { namespace } = mount;
  if (file.holdsTree && namespace?.anonymous === true && namespace.root === mount) {
    namespace.root = undefined;
    unmountTree(kernel, mount, { connected: true });
  }
}
