import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AT_FDCWD } from '../../src/syscalls/descriptor.js';
import { S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK } from '../../src/syscalls/file-flags.js';
import { flags } from '../../src/syscalls/flags.js';
import { MS_BIND, MS_NOSUID } from '../../src/syscalls/mount-flags.js';
import { hostPath, sourceName } from '../../src/syscalls/paths.js';
import type { Arena, Shape } from './attack-case.js';

const link = (
  name: string,
  idea: string,
  target: (arena: Arena, path: string) => string,
): Shape => ({
  name,
  idea,
  make: (path, arena) => symlinkSync(target(arena, path), path),
});

const node = (name: string, idea: string, mode: number, major = 0, minor = 0): Shape => ({
  name,
  idea,
  make: (path, { sys }) => sys.mknodat(AT_FDCWD, hostPath(path), mode, { major, minor }),
});

const climbing = (target: string): string => `${'../'.repeat(20)}${target.slice(1)}`;

/** What stands in a place instead of what a step expects. */
export const SHAPES: readonly Shape[] = [
  link('a link to a host directory', 'CVE-2021-30465', ({ canary }) => join(canary, 'full')),
  link('a link to an empty host directory', 'CVE-2026-41579', ({ canary }) =>
    join(canary, 'empty'),
  ),
  link('a link to a host file', 'CVE-2026-88264', ({ canary }) => join(canary, 'file')),
  link('a link to a host device', 'CVE-2025-31133', ({ canary }) => join(canary, 'dev/null')),
  link('a climbing link to a host directory', 'CVE-2024-45310', ({ canary }) =>
    climbing(join(canary, 'full')),
  ),
  link('a climbing link to a host file', 'CVE-2024-45310', ({ canary }) =>
    climbing(join(canary, 'file')),
  ),
  link('a link to itself', 'a loop', (_, path) => path.slice(path.lastIndexOf('/') + 1)),
  link('a link to a host file that is missing', 'made by who follows it', ({ canary }) =>
    join(canary, 'empty/made'),
  ),
  link('a link to nothing', 'a dangling link inside', () => 'no/such/file'),
  link('a link through a magic link to the host', 'CVE-2024-21626', ({ canary }) =>
    join('/proc/self/root', canary, 'full'),
  ),
  link('a link to the root of process 1', 'CVE-2019-5736', () => '/proc/1/root'),
  link('a link to /proc', 'CVE-2019-16884', () => '/proc'),
  link('a link to the root itself', 'everything below is made twice', () => '/'),
  node('a fifo', 'opening it waits for ever', S_IFIFO | 0o666),
  node('a socket', 'a wrong type', S_IFSOCK | 0o666),
  node('a wrong character device', 'CVE-2025-31133', S_IFCHR | 0o666, 1, 1),
  node('a block device of the right number', 'CVE-2026-88265', S_IFBLK | 0o666, 1, 3),
  { name: 'missing', idea: 'a name that goes away', make: () => undefined },
  {
    name: 'a file',
    idea: 'a wrong type',
    make: (path) => writeFileSync(path, 'of the image\n'),
  },
  {
    name: 'a directory with content',
    idea: 'removed by who is careless',
    make(path) {
      mkdirSync(path);
      writeFileSync(join(path, 'content'), 'of the image\n');
    },
  },
  {
    name: 'a mounted directory',
    idea: 'CVE-2023-27561',
    mounts: true,
    make(path, { sys }) {
      mkdirSync(path);
      sys.mount(sourceName('hostile'), hostPath(path), 'tmpfs', flags(MS_NOSUID), '');
      writeFileSync(join(path, 'content'), 'of a volume\n');
    },
  },
  {
    name: 'a mounted file',
    idea: 'CVE-2023-27561',
    mounts: true,
    make(path, { sys }) {
      writeFileSync(path, '');
      writeFileSync(`${path}.source`, 'of a volume\n');
      sys.mount(hostPath(`${path}.source`), hostPath(path), '', MS_BIND, '');
    },
  },
];
