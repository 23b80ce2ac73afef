import type { SeedMount } from './seed-mounts.js';
import { blockDevice, charDevice, directory, symlink, type SeedTree } from './seed-tree.js';

/** The mounts of a small machine as systemd leaves them: everything shared. */
export const DEFAULT_MOUNTS: readonly SeedMount[] = [
  {
    at: '/proc',
    type: 'proc',
    flags: ['nosuid', 'nodev', 'noexec', 'relatime'],
    propagation: 'shared',
  },
  {
    at: '/sys',
    type: 'sysfs',
    flags: ['nosuid', 'nodev', 'noexec', 'relatime'],
    propagation: 'shared',
  },
  {
    at: '/dev',
    type: 'devtmpfs',
    options: 'mode=755',
    flags: ['nosuid', 'relatime'],
    propagation: 'shared',
  },
  {
    at: '/dev/pts',
    type: 'devpts',
    options: 'gid=5,mode=620,ptmxmode=000',
    flags: ['nosuid', 'noexec', 'relatime'],
    propagation: 'shared',
  },
  { at: '/dev/shm', type: 'tmpfs', flags: ['nosuid', 'nodev'], propagation: 'shared' },
  { at: '/dev/mqueue', type: 'mqueue', propagation: 'shared' },
  {
    at: '/sys/fs/cgroup',
    type: 'cgroup2',
    flags: ['nosuid', 'nodev', 'noexec', 'relatime'],
    propagation: 'shared',
  },
];

/** The files of a small machine, with an empty directory to make a root of. */
export const DEFAULT_TREE: SeedTree = {
  '/bin': symlink('usr/bin'),
  '/etc': directory(),
  '/home': directory(),
  '/mnt': directory(),
  '/root': directory(0o700),
  '/run': directory(),
  '/srv/root': directory(),
  '/tmp': directory(0o1777),
  '/usr/bin': directory(),
  '/var/tmp': directory(0o1777),
  '/dev/null': charDevice(1, 3),
  '/dev/zero': charDevice(1, 5),
  '/dev/full': charDevice(1, 7),
  '/dev/random': charDevice(1, 8),
  '/dev/urandom': charDevice(1, 9),
  '/dev/tty': charDevice(5, 0, 0o666, { gid: 5 }),
  '/dev/console': charDevice(5, 1, 0o600),
  '/dev/ptmx': charDevice(5, 2, 0o666, { gid: 5 }),
  '/dev/loop-control': charDevice(10, 237, 0o660, { gid: 6 }),
  '/dev/loop0': blockDevice(7, 0, 0o660, { gid: 6 }),
  '/dev/loop1': blockDevice(7, 1, 0o660, { gid: 6 }),
  '/dev/core': symlink('/proc/kcore'),
  '/dev/fd': symlink('/proc/self/fd'),
  '/dev/stdin': symlink('/proc/self/fd/0'),
  '/dev/stdout': symlink('/proc/self/fd/1'),
  '/dev/stderr': symlink('/proc/self/fd/2'),
};
