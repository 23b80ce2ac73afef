import type { CallName } from './syscalls.js';

/** Calls that answer with a new descriptor. */
export const OPENING_CALLS: ReadonlySet<CallName> = new Set([
  'open_tree',
  'fsopen',
  'fsmount',
  'fspick',
  'openat2',
] satisfies CallName[]);
