import { expectedMount, type MountExpectation } from '../pipeline/expectation.js';
import { NsinitError } from '../pipeline/errors.js';
import type { Fallback, StepContext } from '../pipeline/step.js';
import { AT_FDCWD, type Fd } from '../syscalls/descriptor.js';
import {
  AT_EMPTY_PATH,
  O_PATH,
  RESOLVE_NO_SYMLINKS,
  STATX_ATTR_MOUNT_ROOT,
  STATX_BASIC_STATS,
  STATX_MNT_ID,
} from '../syscalls/file-flags.js';
import { flags, hasFlags } from '../syscalls/flags.js';
import { FSOPEN_CLOEXEC, type MountAttrFlags, type MountFlags } from '../syscalls/mount-flags.js';
import { fdPath, hostPath, sourceName } from '../syscalls/paths.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import type { CallName, Syscalls } from '../syscalls/syscalls.js';
import type { NewFileSystem } from './attach-mount.js';
import { keepMounted } from './keep-mounted.js';

/** For steps that mount: what is done where the calls of Linux 5.2 are missing or forbidden. */
export const OLD_MOUNT_API: Readonly<Record<'old-mount-api', Fallback>> = {
  'old-mount-api': {
    when: ['ENOSYS', 'EPERM'],
    instead: 'mount(2) by the path of a descriptor, in place of fsopen, open_tree and move_mount',
    cost: "the mount is there before it has been looked at, and errors lack the kernel's own words",
  },
};

const CALLS: readonly CallName[] = ['fsopen', 'fsmount', 'open_tree', 'move_mount'];

/** Whether an error says that these calls cannot be made here, and not that this mount cannot. */
export function lacksMountApi(sys: Syscalls, error: unknown): error is SyscallError {
  if (!(error instanceof SyscallError) || !isRefused(error)) return false;
  if (!CALLS.some((call) => call === error.syscall)) return false;
  return error.syscall !== 'fsopen' || error.code !== 'EPERM' || !opensAny(sys);
}

// A user namespace may not have some file systems, and always has tmpfs.
function opensAny(sys: Syscalls): boolean {
  try {
    sys.close(sys.fsopen('tmpfs', FSOPEN_CLOEXEC));
    return true;
  } catch (error) {
    if (error instanceof SyscallError && isRefused(error)) return false;
    throw error;
  }
}

/** ENOSYS of an old kernel; EPERM is what old seccomp profiles answer for calls they do not know. */
export function isRefused({ code }: SyscallError): boolean {
  return code === 'ENOSYS' || code === 'EPERM';
}

/** Read-only, nosuid, nodev and noexec for mount(2): the four have the same values there. */
export const mountFlagsOf = (attributes: MountAttrFlags): MountFlags =>
  (attributes & 0xf) as MountFlags;

/** Makes a file system and mounts it, by mount(2). @returns the descriptor of its root. */
export function mountByPath(
  sys: Syscalls,
  context: StepContext,
  { fstype, source, attributes, options = {} }: NewFileSystem,
  target: Fd,
): Fd {
  const data = Object.entries(options).map(([name, value]) => {
    if (typeof value === 'object')
      throw new NsinitError(
        'NSINIT_STEP',
        `${fstype} with ${name} can only be mounted by fsopen(2), which is refused here`,
      );
    return value === true ? name : `${name}=${value}`;
  });
  sys.mount(sourceName(source), fdPath(target), fstype, mountFlagsOf(attributes), data.join(','));
  return takeMounted(sys, context, target, { attributes });
}

/** Finds what has just been mounted by mount(2), to be detached on failure. */
export function takeMounted(
  sys: Syscalls,
  context: StepContext,
  target: Fd,
  expected: Omit<MountExpectation, 'mount' | 'name'>,
): Fd {
  const mounted = keepMounted(sys, context, () => openInRoot(sys, context, pathOf(sys, target)));
  const where = sys.descriptors.get(mounted);
  const what = flags(STATX_BASIC_STATS, STATX_MNT_ID);
  const [below, top] = [target, mounted].map((fd) => sys.statx(fd, '', AT_EMPTY_PATH, what));
  if (
    top === undefined ||
    !hasFlags(top.attributes, STATX_ATTR_MOUNT_ROOT) ||
    top.mntId === below?.mntId
  )
    throw new NsinitError(
      'NSINIT_VERIFY',
      `${where} is not what was mounted there: another process changes the root directory`,
    );
  context.expect(expectedMount(sys, mounted, expected));
  return mounted;
}

/** Opens what procfs showed as a path, inside the root and without following a link. */
export function openInRoot(sys: Syscalls, { root }: StepContext, path: string): Fd {
  const top = pathOf(sys, root.fd);
  return root.open(path.slice(top === '/' ? 0 : top.length) || '/', O_PATH, RESOLVE_NO_SYMLINKS);
}

const pathOf = (sys: Syscalls, fd: Fd): string =>
  sys.readlinkat(AT_FDCWD, hostPath(`/proc/thread-self/fd/${fd}`));
