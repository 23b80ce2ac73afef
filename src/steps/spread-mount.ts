import type { Fd } from '../syscalls/descriptor.js';
import { AT_EMPTY_PATH, AT_RECURSIVE, type AtFlags } from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import {
  MS_PRIVATE,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
  type MountFlags,
} from '../syscalls/mount-flags.js';
import type { Syscalls } from '../syscalls/syscalls.js';

/** How a mount takes part in propagation (mount_namespaces(7)); with `r` also what is below it. */
export const MOUNT_PROPAGATION = [
  'private',
  'rprivate',
  'slave',
  'rslave',
  'shared',
  'rshared',
  'unbindable',
  'runbindable',
] as const;
/** How a mount spreads, `r…` with everything below it (mount_namespaces(7)). */
export type MountPropagation = (typeof MOUNT_PROPAGATION)[number];

type Simple = 'private' | 'slave' | 'shared' | 'unbindable';

const FLAGS: Readonly<Record<Simple, MountFlags>> = {
  private: MS_PRIVATE,
  slave: MS_SLAVE,
  shared: MS_SHARED,
  unbindable: MS_UNBINDABLE,
};

const isRecursive = (mode: MountPropagation): boolean => mode.startsWith('r');

/** The flag of a mode, without that for what is below. */
export const propagationFlag = (mode: MountPropagation): MountFlags =>
  FLAGS[(isRecursive(mode) ? mode.slice(1) : mode) as Simple];

/** Sets how an attached mount spreads, one change after the other. @throws SyscallError */
export function spreadMount(sys: Syscalls, mount: Fd, modes: readonly MountPropagation[]): void {
  for (const mode of modes) {
    const at = isRecursive(mode) ? flags<AtFlags>(AT_EMPTY_PATH, AT_RECURSIVE) : AT_EMPTY_PATH;
    sys.mount_setattr(mount, '', at, { propagation: propagationFlag(mode) });
  }
}

/** Whether a mount is shared in the end: `verify` is told so. */
export const isShared = (modes: readonly MountPropagation[]): boolean =>
  modes.some((mode) => mode.endsWith('shared'));
