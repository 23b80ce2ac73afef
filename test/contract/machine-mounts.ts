import { readFileSync } from 'node:fs';
import type { MountFlagName, SeedMount } from '../../src/syscalls/model/seed-mounts.js';

const FLAGS: readonly string[] = [
  'ro',
  'nosuid',
  'nodev',
  'noexec',
  'noatime',
  'nodiratime',
  'relatime',
  'nosymfollow',
];

/**
 * What this machine has at /proc and /dev: a user namespace may not mount its own, and its world
 * has these bound. The model starts with the same.
 */
export function machineMounts(): SeedMount[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return ['/proc', '/dev'].flatMap((at) => {
    const fields = lines.map((line) => line.split(' ')).findLast((parts) => parts[4] === at) ?? [];
    const dash = fields.indexOf('-');
    if (dash < 0) return [];
    const flags = (fields[5] ?? '')
      .split(',')
      .filter((name): name is MountFlagName => FLAGS.includes(name));
    const options = (fields[dash + 3] ?? '').split(',').slice(1).join(',');
    return [{ at, type: fields[dash + 1] ?? '', source: fields[dash + 2] ?? '', flags, options }];
  });
}
