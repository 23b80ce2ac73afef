import { NsinitError } from '../pipeline/errors.js';
import { expectedMount } from '../pipeline/expectation.js';
import type { Fallback, StepContext } from '../pipeline/step.js';
import type { Fd } from '../syscalls/descriptor.js';
import {
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  STATX_BASIC_STATS,
  STATX_MNT_ID,
} from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import { readMountinfo, type MountinfoEntry } from '../syscalls/mountinfo.js';
import {
  MOUNT_ATTR_RDONLY,
  MS_BIND,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_RELATIME,
  MS_REMOUNT,
  MS_STRICTATIME,
  type MountAttrFlags,
  type MountFlags,
} from '../syscalls/mount-flags.js';
import { fdPath, type PathArg } from '../syscalls/paths.js';
import { isErrno, SyscallError } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { withFd } from './attach-mount.js';
import { isRefused, mountFlagsOf, openInRoot } from './old-mount-api.js';

/** For steps that make mounts read-only. */
export const READONLY_BY_REMOUNT: Readonly<Record<'remount-bind' | 'out-of-reach', Fallback>> = {
  'remount-bind': {
    when: ['ENOSYS', 'EPERM'],
    instead: 'mounts are remounted read-only one by one, with the flags that they have',
    cost: 'what is mounted below at the same moment stays writable',
  },
  'out-of-reach': {
    when: ['EACCES'],
    instead: 'a mount below a directory that the caller may not enter keeps its flags',
    cost: 'it stays writable for whoever is let in there later',
  },
};

/** statfs(2) flags and mount(2) flags share some values with other meanings: never pass them on. */
const KEPT: readonly (readonly [st: number, ms: MountFlags])[] = [
  [0x2, MS_NOSUID],
  [0x4, MS_NODEV],
  [0x8, MS_NOEXEC],
  [0x400, MS_NOATIME],
  [0x800, MS_NODIRATIME],
  [0x1000, MS_RELATIME],
  [0x2000, MS_NOSYMFOLLOW],
];
const ST_ANY_ATIME = 0x400 | 0x1000;

/** Makes an attached mount read-only, or more than that. The step declares READONLY_BY_REMOUNT. */
export function makeReadonly(
  sys: Syscalls,
  context: StepContext,
  mount: Fd,
  recursive: boolean,
  {
    path = fdPath(mount),
    attributes = MOUNT_ATTR_RDONLY,
  }: { readonly path?: PathArg; readonly attributes?: MountAttrFlags } = {},
): void {
  const where = recursive ? flags(AT_EMPTY_PATH, AT_RECURSIVE) : AT_EMPTY_PATH;
  try {
    // It only adds: nosuid, nodev, noexec and the atime mode stay, locked or not.
    sys.mount_setattr(mount, '', where, { attr_set: attributes });
  } catch (error) {
    if (!(error instanceof SyscallError && isRefused(error))) throw error;
    context.fallBack('remount-bind', error);
    remount(sys, mount, path, attributes);
    if (!recursive) return;
    for (const below of mountsBelow(sys, mount)) remountBelow(sys, context, below, attributes);
  }
}

// In a user namespace a directory of an unmapped user is closed to root as well.
function remountBelow(
  sys: Syscalls,
  context: StepContext,
  { id, mountPoint }: MountinfoEntry,
  attributes: MountAttrFlags,
): void {
  try {
    withFd(sys, openInRoot(sys, context, mountPoint), (fd) =>
      remount(sys, fd, fdPath(fd), attributes),
    );
  } catch (error) {
    if (!isErrno(error, 'EACCES')) throw error;
    context.fallBack('out-of-reach', error);
    context.expect({ mount: BigInt(id), name: mountPoint, keepsFlags: true });
  }
}

/**
 * Makes what is mounted below a mount of the root read-only, and not the mount itself.
 *
 * @throws NsinitError `NSINIT_VERIFY` when another process has moved one of them meanwhile.
 */
export function makeReadonlyBelow(sys: Syscalls, context: StepContext, mount: Fd): void {
  const what = flags(STATX_BASIC_STATS, STATX_MNT_ID);
  const below = mountsBelow(sys, mount);
  for (const { id, mountPoint } of below) {
    // What is covered at the same place cannot be reached, here or inside.
    if (below.some((other) => other.parent === id && other.mountPoint === mountPoint)) continue;
    withFd(sys, openInRoot(sys, context, mountPoint), (fd) => {
      if (sys.statx(fd, '', AT_EMPTY_PATH, what).mntId !== BigInt(id))
        throw new NsinitError('NSINIT_VERIFY', `${mountPoint} was moved by another process`);
      makeReadonly(sys, context, fd, false);
      context.expect(expectedMount(sys, fd, { attributes: MOUNT_ATTR_RDONLY }));
    });
  }
}

/** A bind remount replaces all flags of the mount: those that it has are given again. */
function remount(sys: Syscalls, mount: Fd, path: PathArg, attributes: MountAttrFlags): void {
  const has = sys.fstatfs(mount).flags;
  const kept = KEPT.filter(([st]) => has & st).map(([, ms]) => ms);
  if ((has & ST_ANY_ATIME) === 0) kept.push(MS_STRICTATIME);
  sys.mount('', path, '', flags(MS_REMOUNT, MS_BIND, mountFlagsOf(attributes), ...kept), '');
}

function mountsBelow(sys: Syscalls, mount: Fd): MountinfoEntry[] {
  const what = flags(STATX_BASIC_STATS, STATX_MNT_ID);
  const within = new Set([Number(sys.statx(mount, '', AT_EMPTY_PATH, what).mntId)]);
  // Parents come before what is mounted on them.
  return readMountinfo(sys).filter(({ id, parent }) => within.has(parent) && within.add(id));
}
