import type { FlagNames, Flags } from './flags.js';

/** Namespaces and sharing for unshare(2) and setns(2). */
export type CloneFlags = Flags<'CLONE'>;

export const CLONE_FS = 0x200 as CloneFlags;
export const CLONE_NEWTIME = 0x80 as CloneFlags;
export const CLONE_NEWNS = 0x20000 as CloneFlags;
export const CLONE_NEWCGROUP = 0x2000000 as CloneFlags;
export const CLONE_NEWUTS = 0x4000000 as CloneFlags;
export const CLONE_NEWIPC = 0x8000000 as CloneFlags;
export const CLONE_NEWUSER = 0x10000000 as CloneFlags;
export const CLONE_NEWPID = 0x20000000 as CloneFlags;
export const CLONE_NEWNET = 0x40000000 as CloneFlags;

/** Names of CloneFlags, in printing order. */
export const CLONE_NAMES: FlagNames = {
  CLONE_FS,
  CLONE_NEWTIME,
  CLONE_NEWNS,
  CLONE_NEWCGROUP,
  CLONE_NEWUTS,
  CLONE_NEWIPC,
  CLONE_NEWUSER,
  CLONE_NEWPID,
  CLONE_NEWNET,
};
