import type { OptionReader } from '../pipeline/options.js';
import { flags } from '../syscalls/flags.js';
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
  type MountAttrFlags,
} from '../syscalls/mount-flags.js';
import type { MountAttr } from '../syscalls/syscalls.js';

/** How access times are kept (mount(8)). */
export const ATIME_MODES = ['relatime', 'noatime', 'strictatime'] as const;

/**
 * What a mount allows. `true` forbids or restricts, `false` takes that back, and what is not given
 * stays as it is.
 */
export interface MountAttributes {
  readonly readonly?: boolean | undefined;
  readonly nosuid?: boolean | undefined;
  readonly nodev?: boolean | undefined;
  readonly noexec?: boolean | undefined;
  /** Symbolic links are not followed (Linux 5.10). */
  readonly nosymfollow?: boolean | undefined;
  readonly nodiratime?: boolean | undefined;
  readonly atime?: (typeof ATIME_MODES)[number] | undefined;
}

type Switch = Exclude<keyof MountAttributes, 'atime'>;

const SWITCHES: Readonly<Record<Switch, MountAttrFlags>> = {
  readonly: MOUNT_ATTR_RDONLY,
  nosuid: MOUNT_ATTR_NOSUID,
  nodev: MOUNT_ATTR_NODEV,
  noexec: MOUNT_ATTR_NOEXEC,
  nosymfollow: MOUNT_ATTR_NOSYMFOLLOW,
  nodiratime: MOUNT_ATTR_NODIRATIME,
};
const SWITCH_NAMES = Object.keys(SWITCHES) as readonly Switch[];

const ATIME: Readonly<Record<(typeof ATIME_MODES)[number], MountAttrFlags>> = {
  relatime: MOUNT_ATTR_RELATIME,
  noatime: MOUNT_ATTR_NOATIME,
  strictatime: MOUNT_ATTR_STRICTATIME,
};

/** Reads the attributes among other options. Only what was given is in the result. */
export function readMountAttributes(given: OptionReader): MountAttributes {
  const read: Record<string, unknown> = {};
  for (const name of SWITCH_NAMES) if (given.has(name)) read[name] = given.boolean(name, false);
  if (given.has('atime')) read.atime = given.oneOf('atime', ATIME_MODES, 'relatime');
  return read;
}

/** The flags of a new mount, for fsmount(2). */
export function newMountFlags(attributes: MountAttributes): MountAttrFlags {
  const set = SWITCH_NAMES.filter((name) => attributes[name] === true);
  return flags(
    ...set.map((name) => SWITCHES[name]),
    ...(attributes.atime === undefined ? [] : [ATIME[attributes.atime]]),
  );
}

/** The change to an existing mount, for mount_setattr(2), or nothing when nothing changes. */
export function attributeChange(attributes: MountAttributes): MountAttr | undefined {
  const chosen = (value: boolean): MountAttrFlags[] =>
    SWITCH_NAMES.filter((name) => attributes[name] === value).map((name) => SWITCHES[name]);
  const { atime } = attributes;
  const set = flags(...chosen(true), ...(atime === undefined ? [] : [ATIME[atime]]));
  // The atime mode is a number: the old one is cleared whole (mount_setattr(2)).
  const clear = flags(...chosen(false), ...(atime === undefined ? [] : [MOUNT_ATTR__ATIME]));
  return (set as number) === 0 && (clear as number) === 0
    ? undefined
    : { attr_set: set, attr_clr: clear };
}

/** Attributes as mountinfo has them, such as `ro,nosuid`. */
export function describeAttributes(attributes: MountAttributes): string {
  const words = SWITCH_NAMES.flatMap((name) => {
    const word = name === 'readonly' ? 'ro' : name;
    if (attributes[name] === undefined) return [];
    return attributes[name] === true ? [word] : [name === 'readonly' ? 'rw' : name.slice(2)];
  });
  return [...words, ...(attributes.atime === undefined ? [] : [attributes.atime])].join(',');
}
