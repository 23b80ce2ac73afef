import { NsinitError } from '../pipeline/errors.js';
import type { Fd } from '../syscalls/descriptor.js';
import {
  AT_EMPTY_PATH,
  S_IFBLK,
  S_IFCHR,
  S_IFMT,
  STATX_ATTR_MOUNT_ROOT,
  STATX_BASIC_STATS,
  STATX_MNT_ID,
} from '../syscalls/file-flags.js';
import { PROC_SUPER_MAGIC, SYSFS_MAGIC } from '../syscalls/file-system-magic.js';
import { flags, hasFlags } from '../syscalls/flags.js';
import type { DeviceNumber, Statx, Syscalls } from '../syscalls/syscalls.js';

// Of what was opened, and not of a name again: what stands under a name may have been swapped since.

/** A device node as it has to be. */
export interface Device {
  readonly type: typeof S_IFCHR | typeof S_IFBLK;
  readonly number: DeviceNumber;
}

/** What an open descriptor leads to, and on which mount that is. @throws SyscallError */
export const statOf = (sys: Syscalls, fd: Fd): Statx =>
  sys.statx(fd, '', AT_EMPTY_PATH, flags(STATX_BASIC_STATS, STATX_MNT_ID));

/**
 * A node judged by its number alone may be a block device or a file (CVE-2026-88265).
 *
 * @throws NsinitError `NSINIT_VERIFY` when the file is not that device.
 */
export function checkDevice(sys: Syscalls, fd: Fd, path: string, wanted: Device): void {
  checkDeviceStat(statOf(sys, fd), path, wanted);
}

/** The same, of what has been looked at. */
export function checkDeviceStat(
  { mode, rdev }: Statx,
  path: string,
  { type, number }: Device,
): void {
  if ((mode & S_IFMT) === type && rdev.major === number.major && rdev.minor === number.minor)
    return;
  const kind = type === S_IFCHR ? 'character' : 'block';
  throw new NsinitError(
    'NSINIT_VERIFY',
    `${path} is not the ${kind} device ${number.major}:${number.minor}: remove what is in its place`,
  );
}

/** @throws NsinitError `NSINIT_VERIFY` when two descriptors lead to different files. */
export function checkSameFile(sys: Syscalls, fd: Fd, other: Fd, complaint: string): void {
  if (isSameFile(statOf(sys, fd), statOf(sys, other))) return;
  throw new NsinitError('NSINIT_VERIFY', complaint);
}

/** Whether it is the same file. */
export function isSameFile(one: Statx, other: Statx): boolean {
  const { major, minor } = one.dev;
  return one.ino === other.ino && major === other.dev.major && minor === other.dev.minor;
}

/** @throws NsinitError `NSINIT_VERIFY` when the file is not the top of a mount of that type. */
export function checkMounted(sys: Syscalls, fd: Fd, path: string, magic: number): void {
  const isTop = hasFlags(statOf(sys, fd).attributes, STATX_ATTR_MOUNT_ROOT);
  if (isTop && sys.fstatfs(fd).type === magic) return;
  throw new NsinitError(
    'NSINIT_VERIFY',
    `${path} is not what was mounted there: another process changes the root directory`,
  );
}

/**
 * A link of the image must not put the caller's mount over the root itself, nor into /proc or /sys.
 *
 * @throws NsinitError `NSINIT_VERIFY`
 */
export function checkPlace(sys: Syscalls, root: Fd, place: Fd, path: string): void {
  if (isSameFile(statOf(sys, root), statOf(sys, place)))
    throw new NsinitError('NSINIT_VERIFY', `${path} leads to the root itself`);
  refuseKernelFiles(sys, place, path);
}

/**
 * What is mounted over /proc or /sys by a link of the image takes later writes to the kernel
 * (CVE-2019-16884). Who asks for a path below them gets it.
 *
 * @throws NsinitError `NSINIT_VERIFY`
 */
export function refuseKernelFiles(sys: Syscalls, place: Fd, path: string): void {
  if (/^\/+(proc|sys)(\/|$)/.test(path)) return;
  const { type } = sys.fstatfs(place);
  if (type !== PROC_SUPER_MAGIC && type !== SYSFS_MAGIC) return;
  throw new NsinitError('NSINIT_VERIFY', `${path} leads into /proc or /sys by a link of the root`);
}
