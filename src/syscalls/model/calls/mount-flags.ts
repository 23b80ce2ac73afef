import {
  MOUNT_ATTR__ATIME,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_RELATIME,
  MOUNT_ATTR_STRICTATIME,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_RDONLY,
  MS_RELATIME,
  MS_REMOUNT,
  MS_STRICTATIME,
} from '../../mount-flags.js';
import { refuse } from '../errors.js';
import {
  MNT_ATIME_MASK,
  MNT_NOATIME,
  MNT_NODEV,
  MNT_NODIRATIME,
  MNT_NOEXEC,
  MNT_NOSUID,
  MNT_NOSYMFOLLOW,
  MNT_READONLY,
  MNT_RELATIME,
  type Mount,
} from '../mount.js';

/** Bits of one flag set with those of another that mean the same. */
type Translation = readonly (readonly [number, number])[];

const FROM_MS: Translation = [
  [MS_RDONLY, MNT_READONLY],
  [MS_NOSUID, MNT_NOSUID],
  [MS_NODEV, MNT_NODEV],
  [MS_NOEXEC, MNT_NOEXEC],
  [MS_NOATIME, MNT_NOATIME],
  [MS_NODIRATIME, MNT_NODIRATIME],
  [MS_NOSYMFOLLOW, MNT_NOSYMFOLLOW],
];

const FROM_ATTR: Translation = [
  [MOUNT_ATTR_RDONLY, MNT_READONLY],
  [MOUNT_ATTR_NOSUID, MNT_NOSUID],
  [MOUNT_ATTR_NODEV, MNT_NODEV],
  [MOUNT_ATTR_NOEXEC, MNT_NOEXEC],
  [MOUNT_ATTR_NODIRATIME, MNT_NODIRATIME],
  [MOUNT_ATTR_NOSYMFOLLOW, MNT_NOSYMFOLLOW],
];

/** All that fsmount(2) takes; mount_setattr(2) takes an id map besides. */
export const KNOWN_ATTRIBUTES =
  MOUNT_ATTR_RDONLY |
  MOUNT_ATTR_NOSUID |
  MOUNT_ATTR_NODEV |
  MOUNT_ATTR_NOEXEC |
  MOUNT_ATTR__ATIME |
  MOUNT_ATTR_NODIRATIME |
  MOUNT_ATTR_NOSYMFOLLOW;

function translate(bits: number, table: Translation): number {
  return table.reduce((sum, [from, to]) => ((bits & from) === 0 ? sum : sum | to), 0);
}

const ATIME_FLAGS = MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME;

/** The per-mount flags that mount(2) asks for. A remount that names no atime mode keeps it. */
export function flagsFromMs(bits: number, mount: Mount): number {
  let flags = translate(bits, FROM_MS);
  if ((bits & MS_NOATIME) === 0) flags |= MNT_RELATIME;
  if ((bits & MS_STRICTATIME) !== 0) flags &= ~(MNT_RELATIME | MNT_NOATIME);
  if ((bits & MS_REMOUNT) === 0 || (bits & ATIME_FLAGS) !== 0) return flags;
  return (flags & ~MNT_ATIME_MASK) | (mount.flags & MNT_ATIME_MASK);
}

/** The per-mount flags that fsmount(2) asks for. The atime mode is a number and not a bit. */
export function flagsFromAttributes(attributes: number): number {
  return translate(attributes, FROM_ATTR) | atimeFlags(attributes);
}

function atimeFlags(attributes: number): number {
  switch (attributes & MOUNT_ATTR__ATIME) {
    case MOUNT_ATTR_RELATIME:
      return MNT_RELATIME;
    case MOUNT_ATTR_NOATIME:
      return MNT_NOATIME;
    case MOUNT_ATTR_STRICTATIME:
      return 0;
    default:
      return refuse('EINVAL');
  }
}

/** A change of per-mount flags: first those to clear, then those to set. */
export interface FlagChange {
  readonly clear: number;
  readonly set: number;
}

/** What mount_setattr(2) asks for. A new atime mode has to clear the whole old one. */
export function flagChange(attrSet: number, attrClear: number): FlagChange {
  const set = translate(attrSet, FROM_ATTR);
  const clear = translate(attrClear, FROM_ATTR);
  const cleared = attrClear & MOUNT_ATTR__ATIME;
  if (cleared === 0) {
    return (attrSet & MOUNT_ATTR__ATIME) === 0 ? { clear, set } : refuse('EINVAL');
  }
  if (cleared !== MOUNT_ATTR__ATIME) refuse('EINVAL');
  return { clear: clear | MNT_RELATIME | MNT_NOATIME, set: set | atimeFlags(attrSet) };
}
