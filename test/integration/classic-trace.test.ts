import { existsSync, statSync } from 'node:fs';
import { expect } from 'chai';
import { makeBareRoot, nsinit, removeRoot, whyNoRoots } from './nsinit-command.js';

/** How a root is reached by descriptor, which the seed did by path; and what only reads. */
const NOT_THE_SEEDS = /^(openat2|close|statx|fstatfs|fchdir|getcwd|ioctl|readlinkat|read)\(/;

const NODES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
const LINKS = [
  ['core', '/proc/kcore'],
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
] as const;

interface Variant {
  readonly noPivot: boolean;
  readonly console: boolean;
}

/** mkdirall of a path on a bare root: each part, there or not. */
function mkdirs(root: string, path: string, missing: readonly string[]): string[] {
  const parts = path.split('/').slice(1);
  return parts.flatMap((name, index) => {
    const parent = [root, ...parts.slice(0, index)].join('/');
    return missing.includes(name) ? [`mkdirat(<${parent}>, "${name}", 0755) = 0`] : [];
  });
}

function mknod(root: string, name: string): string {
  const { mode, rdev } = statSync(`/dev/${name}`);
  const kind = (mode & 0o170000) === 0o20000 ? 'S_IFCHR' : 'S_IFBLK';
  const number = `${(rdev >> 8) & 0xfff}, ${rdev & 0xff}`;
  return `mknodat(<${root}/dev>, "${name}", ${kind}|0${(mode & 0o7777).toString(8)}, makedev(${number})) = 0`;
}

function loopNodes(root: string): string[] {
  const made: string[] = [];
  for (let index = 0; existsSync(`/dev/loop${index}`); index += 1)
    made.push(mknod(root, `loop${index}`));
  return made;
}

function link(root: string, name: string, target: string): string[] {
  return [
    `unlinkat(<${root}/dev>, "${name}", 0) = -1 ENOENT`,
    `symlinkat("${target}", <${root}/dev>, "${name}") = 0`,
  ];
}

/** The rows of the seed's table, as a trace prints them. */
function seedCalls(root: string, { noPivot, console }: Variant): string[] {
  const safe = 'MS_NOSUID|MS_NODEV|MS_NOEXEC';
  return [
    `mount("", "/", "", ${noPivot ? 'MS_SLAVE' : 'MS_PRIVATE'}|MS_REC, "") = 0`,
    `mount("${root}", "${root}", "bind", MS_BIND|MS_REC, "") = 0`,
    ...mkdirs(root, '/proc', ['proc']),
    `mount("proc", "${root}/proc", "proc", ${safe}, "") = 0`,
    ...mkdirs(root, '/sys', ['sys']),
    `mount("sysfs", "${root}/sys", "sysfs", ${safe}, "") = 0`,
    ...mkdirs(root, '/dev/shm', ['dev', 'shm']),
    `mount("shm", "${root}/dev/shm", "tmpfs", ${safe}, "mode=1777,size=65536k") = 0`,
    ...mkdirs(root, '/dev/pts', ['pts']),
    `mount("devpts", "${root}/dev/pts", "devpts", MS_NOSUID|MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620,gid=5") = 0`,
    'umask(0) = 022',
    ...NODES.map((name) => mknod(root, name)),
    'umask(022) = 0',
    ...loopNodes(root),
    ...LINKS.flatMap(([name, target]) => link(root, name, target)),
    ...(console ? consoleCalls(root) : []),
    `chdir("${root}") = 0`,
    ...(noPivot ? moveCalls(root) : pivotCalls(root)),
    'umask(022) = 022',
  ];
}

function consoleCalls(root: string): string[] {
  return [
    ...link(root, 'ptmx', 'pts/ptmx'),
    'umask(0) = 022',
    `unlinkat(<${root}/dev>, "console", 0) = -1 ENOENT`,
    'fchmod(</dev/pts/N>, 0600) = 0',
    'fchownat(</dev/pts/N>, "", 0, 0, AT_EMPTY_PATH) = 0',
    `mknodat(<${root}/dev>, "console", S_IFCHR|0600, makedev(136, N)) = 0`,
    `mount("/dev/pts/N", "${root}/dev/console", "bind", MS_BIND, "") = 0`,
    'umask(022) = 0',
  ];
}

function pivotCalls(root: string): string[] {
  return [
    `mkdirat(<${root}>, ".pivot_root0", 0700) = 0`,
    `pivot_root("${root}", "${root}/.pivot_root0") = 0`,
    'chdir("/") = 0',
    'umount2("/.pivot_root0", MNT_DETACH) = 0',
    `unlinkat(<${root}>, ".pivot_root0", AT_REMOVEDIR) = 0`,
  ];
}

function moveCalls(root: string): string[] {
  return [`mount("${root}", "/", "", MS_MOVE, "") = 0`, 'chroot(".") = 0', 'chdir("/") = 0'];
}

describe('nsinit run --preset classic --trace', () => {
  for (const variant of [
    { noPivot: false, console: false },
    { noPivot: true, console: false },
    { noPivot: false, console: true },
    { noPivot: true, console: true },
  ]) {
    const { noPivot, console } = variant;
    const name = `${noPivot ? 'move' : 'pivot'}, ${console ? 'with' : 'without'} a console`;
    it(`makes the seed's calls with the seed's arguments in the seed's order: ${name}`, function () {
      const why = whyNoRoots();
      if (why !== undefined) {
        this.test!.title += ` (skipped: ${why})`;
        this.skip();
      }
      const root = makeBareRoot();
      try {
        const options = ['--preset', 'classic', '--trace', '-', '--rootfs', root];
        if (noPivot) options.push('--no-pivot');
        if (console) options.push('--tty');
        const { stderr, status } = nsinit('run', ...options, '--', '/bin/sh', '-c', 'exit 0');
        expect(status, stderr).to.equal(0);
        const calls = stderr
          .trimEnd()
          .split('\n')
          .filter((line) => !NOT_THE_SEEDS.test(line) && !line.endsWith('-1 EEXIST'))
          .map((line) => line.replace(/\/dev\/pts\/\d+/, '/dev/pts/N'))
          .map((line) => line.replace(/makedev\(136, \d+\)/, 'makedev(136, N)'));
        expect(calls).to.deep.equal(seedCalls(root, variant));
      } finally {
        removeRoot(root);
      }
    });
  }
});
