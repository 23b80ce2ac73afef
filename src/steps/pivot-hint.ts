import type { StepContext } from '../pipeline/step.js';
import { AT_FDCWD } from '../syscalls/descriptor.js';
import {
  AT_EMPTY_PATH,
  STATX_ATTR_MOUNT_ROOT,
  STATX_BASIC_STATS,
  STATX_MNT_ID,
  type AtFlags,
} from '../syscalls/file-flags.js';
import { flags, hasFlags } from '../syscalls/flags.js';
import { readMountinfo } from '../syscalls/mountinfo.js';
import { hostPath } from '../syscalls/paths.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';

const INITRAMFS =
  'the current root is the initramfs, which cannot be pivoted: use --no-pivot, or switch_root(8) to another root first';
const MOUNT_ID = flags(STATX_BASIC_STATS, STATX_MNT_ID);

/**
 * Makes the call that switches the root. pivot_root(2) and MS_MOVE answer EINVAL for half a dozen
 * causes; mountinfo tells which.
 *
 * @throws SyscallError with the cause as its hint, where it can be told.
 */
export function explainPivotError(sys: Syscalls, context: StepContext, call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof SyscallError) || error.code !== 'EINVAL') throw error;
    const hint = findCauseIfPossible(sys, context);
    throw hint === undefined ? error : error.withHint(hint);
  }
}

/** Whether the current root can only be moved over: it is the one that the kernel has booted with. */
export function cannotPivotHere(error: unknown): error is SyscallError {
  return error instanceof SyscallError && error.hint === INITRAMFS;
}

// What goes wrong in looking for the cause is not what is to be told.
function findCauseIfPossible(sys: Syscalls, context: StepContext): string | undefined {
  try {
    return findCause(sys, context);
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
}

function findCause(sys: Syscalls, { root }: StepContext): string | undefined {
  const stat = sys.statx(root.fd, '', AT_EMPTY_PATH, MOUNT_ID);
  if (!hasFlags(stat.attributes, STATX_ATTR_MOUNT_ROOT)) {
    return 'the new root is not a mount point: put bind-rootfs before';
  }
  const mounts = readMountinfo(sys);
  const own = mounts.find(({ id }) => BigInt(id) === stat.mntId);
  const around = mounts.find(({ id }) => id === own?.parent);
  if (own?.shared === true) return 'the new root is a shared mount: choose another propagation';
  if (around?.shared === true)
    return 'the mount around the new root is shared: choose another propagation';
  const top = sys.statx(AT_FDCWD, hostPath('/'), flags<AtFlags>(), MOUNT_ID);
  if (!hasFlags(top.attributes, STATX_ATTR_MOUNT_ROOT))
    return 'the current root is not a mount point (a chroot): start outside of it, or bind the directory on itself before chroot(8)';
  const current = mounts.find(({ id }) => BigInt(id) === top.mntId);
  // The first mount of a namespace hangs on nothing: it is the rootfs, or a ramfs in its place.
  if (current?.fstype === 'rootfs' || current?.parent === current?.id) return INITRAMFS;
  return undefined;
}
