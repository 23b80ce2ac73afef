import { AT_FDCWD } from '../../descriptor.js';
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, O_RDWR } from '../../file-flags.js';
import {
  FSCONFIG_CMD_CREATE,
  FSCONFIG_CMD_CREATE_EXCL,
  FSCONFIG_CMD_RECONFIGURE,
  FSCONFIG_SET_BINARY,
  FSCONFIG_SET_FD,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_PATH,
  FSCONFIG_SET_PATH_EMPTY,
  FSCONFIG_SET_STRING,
  FSOPEN_CLOEXEC,
  FSPICK_CLOEXEC,
  FSPICK_EMPTY_PATH,
  FSPICK_NO_AUTOMOUNT,
  FSPICK_SYMLINK_NOFOLLOW,
} from '../../mount-flags.js';
import { notModelled, refuse } from '../errors.js';
import { fileSystemType } from '../filesystems/registry.js';
import {
  applySuperFlags,
  createTree,
  FsContext,
  setOption,
  type OptionValue,
} from '../fs-context.js';
import type { Kernel } from '../kernel.js';
import { isMountRoot } from '../location.js';
import { OpenFile } from '../open-file.js';
import { reconfigure } from '../reconfigure.js';
import { fileAt, onlyFlags } from './places.js';

/** fsopen(2): a file system that is yet to be configured. */
export function fsopen(kernel: Kernel, name: string, flags: number): number {
  kernel.checkMayMount();
  onlyFlags(flags, FSOPEN_CLOEXEC);
  const context = new FsContext(kernel, fileSystemType(name));
  return install(kernel, context, (flags & FSOPEN_CLOEXEC) !== 0);
}

function install(kernel: Kernel, context: FsContext, closeOnExec: boolean): number {
  const inode = kernel.internal.fileSystem.inode(0o600, 0, 0);
  inode.displayName = 'anon_inode:[fscontext]';
  const file = new OpenFile({ mount: kernel.internal, inode }, O_RDWR);
  file.context = context;
  return kernel.process.files.install(file, closeOnExec);
}

/** fspick(2): a file system that is mounted, to be changed. */
export function fspick(kernel: Kernel, dirfd: number, path: string, flags: number): number {
  kernel.checkMayMount();
  onlyFlags(
    flags,
    FSPICK_CLOEXEC | FSPICK_SYMLINK_NOFOLLOW | FSPICK_NO_AUTOMOUNT | FSPICK_EMPTY_PATH,
  );
  const follow = (flags & FSPICK_SYMLINK_NOFOLLOW) === 0 ? 0 : AT_SYMLINK_NOFOLLOW;
  const empty = (flags & FSPICK_EMPTY_PATH) === 0 ? 0 : AT_EMPTY_PATH;
  const at = fileAt(kernel, dirfd, path, follow | empty);
  if (!isMountRoot(at)) refuse('EINVAL');
  const context = new FsContext(kernel, fileSystemType(at.mount.fileSystem.traits.type));
  context.fileSystem = at.mount.fileSystem;
  context.phase = 'reconfigure';
  return install(kernel, context, (flags & FSPICK_CLOEXEC) !== 0);
}

/** fsconfig(2): one option, or the command that makes or changes the file system. */
export function fsconfig(
  kernel: Kernel,
  fd: number,
  command: number,
  key: string | null,
  value: string | null,
  aux: number,
): void {
  if (fd < 0) refuse('EINVAL');
  checkShape(command, key, value, aux);
  const context = kernel.process.files.getOpened(fd).context ?? refuse('EINVAL');
  const option = optionValue(kernel, command, value, aux);
  // After fsmount(2) the context goes on as that of a mounted file system.
  if (context.phase === 'mounted') context.phase = 'reconfigure';
  if (command === FSCONFIG_CMD_RECONFIGURE) change(context);
  else if (option === undefined) create(context, command === FSCONFIG_CMD_CREATE_EXCL);
  else {
    if (context.phase !== 'parameters' && context.phase !== 'reconfigure') refuse('EBUSY');
    setOption(context, key ?? '', option);
  }
}

// Which arguments each command takes; the others have to be null and 0.
function checkShape(command: number, key: string | null, value: string | null, aux: number): void {
  const fits = ((): boolean => {
    switch (command) {
      case FSCONFIG_SET_FLAG:
        return key !== null && value === null && aux === 0;
      case FSCONFIG_SET_STRING:
        return key !== null && value !== null && fitsString(value) && aux === 0;
      case FSCONFIG_SET_BINARY:
        return key !== null && value !== null && aux > 0 && aux <= 1024 * 1024;
      case FSCONFIG_SET_PATH:
      case FSCONFIG_SET_PATH_EMPTY:
        return key !== null && value !== null && (aux === AT_FDCWD || aux >= 0);
      case FSCONFIG_SET_FD:
        return key !== null && value === null && aux >= 0;
      case FSCONFIG_CMD_CREATE:
      case FSCONFIG_CMD_CREATE_EXCL:
      case FSCONFIG_CMD_RECONFIGURE:
        return key === null && value === null && aux === 0;
      default:
        return refuse('EOPNOTSUPP');
    }
  })();
  if (!fits) refuse('EINVAL');
}

/** The kernel copies 256 bytes, the terminating NUL included. */
const fitsString = (value: string): boolean => Buffer.byteLength(value) < 256;

function optionValue(
  kernel: Kernel,
  command: number,
  value: string | null,
  aux: number,
): OptionValue | undefined {
  if (command === FSCONFIG_SET_FLAG) return { kind: 'flag' };
  if (command === FSCONFIG_SET_STRING) return { kind: 'string', text: value ?? '' };
  if (command === FSCONFIG_SET_FD)
    return { kind: 'file', location: kernel.process.files.get(aux).location };
  const byPath = [FSCONFIG_SET_BINARY, FSCONFIG_SET_PATH, FSCONFIG_SET_PATH_EMPTY] as number[];
  if (byPath.includes(command)) notModelled('fsconfig with binary values and paths');
  return undefined;
}

function create(context: FsContext, exclusive: boolean): void {
  if (context.phase !== 'parameters') refuse('EBUSY');
  context.checkCapable();
  context.phase = 'failed';
  const fileSystem = createTree(context);
  // FSCONFIG_CMD_CREATE_EXCL (Linux 6.6) wants one that nobody has mounted yet.
  if (exclusive && context.reused) refuse('EBUSY');
  applySuperFlags(context, fileSystem);
  context.phase = 'created';
}

function change(context: FsContext): void {
  if (context.phase !== 'reconfigure' || context.fileSystem === undefined) return refuse('EBUSY');
  context.phase = 'failed';
  reconfigure(context, context.fileSystem);
  context.superFlags.clear();
  context.phase = 'reconfigure';
}
