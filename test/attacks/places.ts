import type { Place } from './attack-case.js';

/** Where the mounts of every attacked pipeline go. */
export const BIND_DIRECTORY = '/data/in/here';
export const BIND_FILE = '/data/in/a-file';
export const TMPFS = '/data/scratch';
/** The seed's directory for the old root. */
export const PIVOT_DIRECTORY = '/.pivot_root0';

/** Every name that a pipeline resolves in the root. */
export const PLACES: readonly Place[] = [
  { path: '/dev', idea: 'CVE-2026-41579, CVE-2026-47766' },
  { path: '/dev/null', idea: 'CVE-2025-31133' },
  { path: '/dev/tty', idea: 'the last node' },
  { path: '/dev/console', idea: 'CVE-2025-52565, CVE-2026-88264' },
  { path: '/dev/ptmx', idea: 'CVE-2026-41579' },
  { path: '/dev/pts', idea: 'a mount point of the image' },
  { path: '/dev/shm', idea: 'a mount point of the image' },
  { path: '/dev/mqueue', idea: 'a mount point of the image' },
  { path: '/dev/fd', idea: 'a name that is removed' },
  { path: '/dev/core', idea: 'the first name that is removed' },
  { path: '/dev/loop0', idea: 'a node that may fail' },
  { path: '/proc', idea: 'CVE-2019-16884, CVE-2019-19921, CVE-2023-27561' },
  { path: '/sys', idea: 'CVE-2019-16884' },
  { path: '/data', idea: 'CVE-2021-30465: the first of three components' },
  { path: '/data/in', idea: 'CVE-2021-30465: the parent' },
  { path: BIND_DIRECTORY, idea: 'CVE-2021-30465: the destination' },
  { path: BIND_FILE, idea: 'CVE-2024-45310: the destination' },
  { path: TMPFS, idea: 'CVE-2021-30465: the destination' },
  { path: PIVOT_DIRECTORY, idea: "the seed's directory for the old root" },
];
