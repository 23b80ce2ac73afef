import { isSameFile } from '../../src/steps/identity.js';
import { AT_FDCWD } from '../../src/syscalls/descriptor.js';
import {
  AT_SYMLINK_NOFOLLOW,
  S_IFCHR,
  S_IFMT,
  STATX_BASIC_STATS,
} from '../../src/syscalls/file-flags.js';
import { containerPath } from '../../src/syscalls/paths.js';
import { isErrno } from '../../src/syscalls/syscall-error.js';
import type { MountinfoEntry } from '../../src/syscalls/mountinfo.js';
import type { Battlefield } from './battlefield.js';

/** File systems that a pipeline makes; of others, only a part of the host's may be there. */
const OWN = new Set(['proc', 'sysfs', 'tmpfs', 'devpts', 'mqueue']);

/** What of the host can be reached in a finished root, which is that of one of these directories. */
export function lookInside(field: Battlefield, ...roots: readonly string[]): string[] {
  return [...foreignMounts(field, roots), ...foreignFiles(field)];
}

function foreignMounts(field: Battlefield, roots: readonly string[]): string[] {
  const below = (path: string): string => path.slice(field.base.length);
  const given = [...roots.map(below), '/source', '/source-file'];
  const isGiven = ({ root: part }: MountinfoEntry): boolean =>
    given.some((path) => part === path || part.startsWith(`${path}/`));
  return field
    .mounts()
    .filter((mount) => !isGiven(mount) && !isOwn(mount))
    .map(
      ({ mountPoint, root: part, fstype }) => `${fstype} ${part} of the host is at ${mountPoint}`,
    );
}

/** The terminal that was given is the one file of the host's devpts. */
const isOwn = ({ fstype, root }: MountinfoEntry): boolean =>
  OWN.has(fstype) && (root === '/' || (fstype === 'devpts' && /^\/\d+$/.test(root)));

/** A link of the image that leads to the host's path may be followed inside: to a file of the root. */
function foreignFiles({ sys, canary, canaryStat }: Battlefield): string[] {
  const paths = [canary, `/..${canary}`, `/../..${canary}`];
  return paths.flatMap((path) => {
    try {
      const at = containerPath(path);
      const found = sys.statx(AT_FDCWD, at, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS);
      return isSameFile(found, canaryStat) ? [`${path} is there inside`] : [];
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return [];
      throw error;
    }
  });
}

/** Whether /dev/null is itself. */
export function wrongDevices({ sys }: Battlefield): string[] {
  const { mode, rdev } = sys.statx(
    AT_FDCWD,
    containerPath('/dev/null'),
    AT_SYMLINK_NOFOLLOW,
    STATX_BASIC_STATS,
  );
  const right = (mode & S_IFMT) === S_IFCHR && rdev.major === 1 && rdev.minor === 3;
  return right ? [] : ['/dev/null inside is something else'];
}
