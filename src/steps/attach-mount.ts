import { expectedMount, type MountExpectation } from '../pipeline/expectation.js';
import type { StepContext } from '../pipeline/step.js';
import type { Fd } from '../syscalls/descriptor.js';
import { flags } from '../syscalls/flags.js';
import {
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_FD,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MNT_DETACH,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
  type MountAttrFlags,
} from '../syscalls/mount-flags.js';
import { fdPath } from '../syscalls/paths.js';
import { lacksMountApi, mountByPath } from './old-mount-api.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { openThrough } from '../syscalls/with-fd.js';

export { orClose, openThrough, withFd } from '../syscalls/with-fd.js';
export { keepMounted } from './keep-mounted.js';

/**
 * The value of an option: `true` for one without, a list for one that is given several times, a
 * descriptor for one that takes it.
 */
export type FileSystemOption = string | readonly string[] | true | { readonly fd: Fd };

/** A file system to be made. */
export interface NewFileSystem {
  readonly fstype: string;
  /** What mountinfo shows as its source. */
  readonly source: string;
  readonly attributes: MountAttrFlags;
  /** Options by name, in order. */
  readonly options?: Readonly<Record<string, FileSystemOption>>;
}

/** Makes a file system as a detached mount. @throws SyscallError with what the kernel said. */
export function createMount(sys: Syscalls, wanted: NewFileSystem): Fd {
  return openThrough(sys, sys.fsopen(wanted.fstype, FSOPEN_CLOEXEC), (context) => {
    try {
      sys.fsconfig(context, FSCONFIG_SET_STRING, 'source', wanted.source, 0);
      for (const [name, value] of Object.entries(wanted.options ?? {}))
        configure(sys, context, name, value);
      sys.fsconfig(context, FSCONFIG_CMD_CREATE, null, null, 0);
      return sys.fsmount(context, FSMOUNT_CLOEXEC, wanted.attributes);
    } catch (error) {
      throw error instanceof SyscallError ? explain(sys, context, error) : error;
    }
  });
}

function configure(sys: Syscalls, context: Fd, name: string, value: FileSystemOption): void {
  if (value === true) sys.fsconfig(context, FSCONFIG_SET_FLAG, name, null, 0);
  else if (typeof value === 'object' && 'fd' in value)
    sys.fsconfig(context, FSCONFIG_SET_FD, name, null, value.fd);
  else for (const text of [value].flat()) sys.fsconfig(context, FSCONFIG_SET_STRING, name, text, 0);
}

/** The descriptor of fsopen(2) can be read for the kernel's own words. */
function explain(sys: Syscalls, context: Fd, error: SyscallError): SyscallError {
  try {
    const said = Buffer.from(sys.read(context, 4096)).toString().trim();
    if (said === '') return error;
    // Before Linux 6.11 it is a "Bad value" as well.
    const isId =
      /(invalid|bad value for) '?[ug]id/i.test(said) && /^"\d+"$/.test(error.args[3] ?? '');
    const unmapped = isId ? ': is it mapped in this user namespace?' : '';
    return error.withHint(said.replace(/^[ewi] /, '') + unmapped);
  } catch {
    // ENODATA: the kernel said nothing. Whatever it is, the first error is the one to be told.
    return error;
  }
}

/**
 * Attaches a detached mount to a directory or file by descriptor, to be detached when a later step
 * fails. Its descriptor is kept until the run ends, also when it cannot be attached.
 *
 * @param expected what `verify` is to find of it, beside that it is there.
 */
export function attachMount(
  sys: Syscalls,
  context: StepContext,
  mount: Fd,
  target: Fd,
  expected: Omit<MountExpectation, 'mount' | 'name'> = {},
): void {
  attachUnpromised(sys, context, mount, target);
  context.expect(expectedMount(sys, mount, expected));
}

/** The same without a promise, for a mount that is left behind with the host's tree. */
export function attachUnpromised(sys: Syscalls, context: StepContext, mount: Fd, target: Fd): void {
  context.keep(mount);
  sys.move_mount(mount, '', target, '', flags(MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH));
  deferUmount(sys, context, mount);
}

/** Detaches a mount, known by the descriptor of its root, when a later step fails. */
export function deferUmount(sys: Syscalls, context: StepContext, mount: Fd): void {
  context.keep(mount);
  context.defer(() => sys.umount2(fdPath(mount), MNT_DETACH));
}

/**
 * Makes a file system and attaches it. A step that declares the fallbacks `OLD_MOUNT_API` also
 * does so where only mount(2) is allowed.
 *
 * @returns the descriptor of its root.
 */
export function mountNew(
  sys: Syscalls,
  context: StepContext,
  wanted: NewFileSystem,
  target: Fd,
): Fd {
  try {
    const mount = context.keep(createMount(sys, wanted));
    attachMount(sys, context, mount, target, { attributes: wanted.attributes });
    return mount;
  } catch (error) {
    if (!lacksMountApi(sys, error)) throw error;
    context.fallBack('old-mount-api', error);
    return mountByPath(sys, context, wanted, target);
  }
}

/** Runs with a umask of 0, so that modes are exactly the given ones; it is restored on every path. */
export function withoutUmask(sys: Syscalls, work: () => void): void {
  const before = sys.umask(0);
  try {
    work();
  } finally {
    sys.umask(before);
  }
}
