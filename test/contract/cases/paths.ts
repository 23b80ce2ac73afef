import {
  AT_EMPTY_PATH,
  O_CREAT,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_WRONLY,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  STATX_BASIC_STATS,
  type ResolveFlags,
} from '../../../src/syscalls/file-flags.js';
import { flags } from '../../../src/syscalls/flags.js';
import { MS_NOSYMFOLLOW } from '../../../src/syscalls/mount-flags.js';
import type { ContractCase } from '../contract-case.js';
import type { Trial } from '../trial.js';
import {
  bind,
  CWD,
  how,
  link,
  look,
  mkdir,
  NO_AT,
  PATH_ONLY,
  place,
  raw,
  rawTarget,
  resolving,
  tmpfs,
  W,
  write,
} from './kit.js';

const PATHS = [
  '',
  '.',
  '..',
  '/',
  '/a',
  'a',
  'a/b',
  'a/b/..',
  'a/../..',
  'a/../../etc',
  '/..',
  'up',
  'abs',
  'in',
  'loop',
  'missing',
  'f',
  'f/',
  'a/',
  'f/x',
  'l/b',
];

function landscape(t: Trial): void {
  mkdir(t, 'root', 'root/a', 'root/a/b', 'root/etc', 'outside');
  write(t, 'root/f');
  link(t, 'root/up', '../outside');
  link(t, 'root/abs', '/etc');
  link(t, 'root/in', 'a/b');
  link(t, 'root/l', 'a');
  link(t, 'root/loop', 'loop');
}

function resolveAll(t: Trial, resolve: ResolveFlags): void {
  landscape(t);
  const root = place(t, 'root');
  for (const path of PATHS) {
    const fd = t.open('openat2', root, raw(path), resolving(resolve));
    t.note(`^ ${path}`);
    t.do('statx', fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
    t.do('fchdir', fd);
    t.do('getcwd');
    t.do('chdir', W(''));
  }
}

/** Resolution of paths. */
export const RESOLUTION: readonly ContractCase[] = [
  ...(
    [
      ['no flag', 0],
      ['RESOLVE_IN_ROOT', RESOLVE_IN_ROOT],
      ['RESOLVE_BENEATH', RESOLVE_BENEATH],
      ['RESOLVE_NO_SYMLINKS', RESOLVE_NO_SYMLINKS],
      ['RESOLVE_NO_MAGICLINKS', RESOLVE_NO_MAGICLINKS],
      ['RESOLVE_NO_XDEV', RESOLVE_NO_XDEV],
      ['RESOLVE_IN_ROOT and RESOLVE_NO_SYMLINKS', RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS],
      ['RESOLVE_IN_ROOT and RESOLVE_NO_XDEV', RESOLVE_IN_ROOT | RESOLVE_NO_XDEV],
    ] as const
  ).map(([name, resolve]): ContractCase => ({
    name: `openat2 of many paths with ${name}`,
    run: (t) => resolveAll(t, resolve as ResolveFlags),
  })),
  {
    name: 'forty links are followed and not one more',
    run(t) {
      mkdir(t, 'end');
      link(t, 'l0', 'end');
      for (let n = 1; n <= 41; n += 1) link(t, `l${n}`, `l${n - 1}`);
      t.ok('openat2', CWD, W('l39'), PATH_ONLY);
      t.fails('ELOOP', 'openat2', CWD, W('l40'), PATH_ONLY);
      t.fails('ELOOP', 'openat2', CWD, W('l41'), PATH_ONLY);
    },
  },
  {
    name: 'links to themselves and to each other',
    run(t) {
      link(t, 'self', 'self');
      link(t, 'a', 'b');
      link(t, 'b', 'a');
      t.fails('ELOOP', 'openat2', CWD, W('self'), PATH_ONLY);
      t.fails('ELOOP', 'mkdirat', CWD, W('a/x'), 0o755);
      t.ok('openat2', CWD, W('self'), how(O_PATH, O_NOFOLLOW));
    },
  },
  {
    name: 'a descriptor that is not open or not a directory',
    run(t) {
      write(t, 'f');
      const file = place(t, 'f');
      t.fails('EBADF', 'openat2', 9999 as never, raw('x'), PATH_ONLY);
      t.fails('ENOTDIR', 'openat2', file, raw('x'), PATH_ONLY);
      t.ok('openat2', 9999 as never, W('f'), PATH_ONLY);
      t.fails('ENOENT', 'openat2', file, '', PATH_ONLY);
      t.fails('EBADF', 'openat2', 9999 as never, W('f'), resolving(RESOLVE_IN_ROOT));
      t.fails('EXDEV', 'openat2', CWD, W('f'), resolving(RESOLVE_BENEATH));
    },
  },
  {
    name: 'dot-dot goes up through mounts and stops at the root',
    run(t) {
      mkdir(t, 'm');
      tmpfs(t, 'm');
      mkdir(t, 'm/in');
      t.ok('chdir', W('m/in'));
      t.do('getcwd');
      t.ok('chdir', rawTarget('../..'));
      t.do('getcwd');
      t.ok('chdir', rawTarget('../../../..'));
      t.do('getcwd');
    },
  },
  {
    name: 'dot-dot out of a directory that was mounted over leads to what covers it',
    run(t) {
      mkdir(t, 'a', 'a/b');
      t.ok('chdir', W('a/b'));
      tmpfs(t, 'a');
      mkdir(t, 'a/new');
      t.ok('statx', CWD, raw('..'), NO_AT, STATX_BASIC_STATS);
      t.fails('ENOENT', 'openat2', CWD, raw('../b'), PATH_ONLY);
      t.ok('openat2', CWD, raw('../new'), PATH_ONLY);
      t.do('getcwd');
    },
  },
  {
    name: 'RESOLVE_NO_XDEV stops at mount points in both directions',
    run(t) {
      mkdir(t, 'm', 'm/d');
      tmpfs(t, 'm');
      mkdir(t, 'm/d');
      const work = place(t, '');
      const inner = place(t, 'm/d');
      t.fails('EXDEV', 'openat2', work, raw('m'), resolving(RESOLVE_NO_XDEV));
      t.fails('EXDEV', 'openat2', work, raw('m/d'), resolving(RESOLVE_NO_XDEV));
      t.ok('openat2', inner, raw('..'), resolving(RESOLVE_NO_XDEV));
      t.fails('EXDEV', 'openat2', inner, raw('../..'), resolving(RESOLVE_NO_XDEV));
      t.do('openat2', inner, raw('/work/m/d'), resolving(RESOLVE_NO_XDEV));
      link(t, 'm/abs', '/dev');
      t.fails('EXDEV', 'openat2', inner, raw('../abs'), resolving(RESOLVE_NO_XDEV));
    },
  },
  {
    name: 'RESOLVE_NO_XDEV also counts a bind of the same file system',
    run(t) {
      mkdir(t, 'a', 'b', 'a/x');
      bind(t, 'a', 'b');
      t.fails('EXDEV', 'openat2', place(t, ''), raw('b/x'), resolving(RESOLVE_NO_XDEV));
    },
  },
  {
    name: 'magic links lead to the object, and can be forbidden',
    run(t) {
      mkdir(t, 'd', 'd/e');
      const fd = place(t, 'd');
      tmpfs(t, 'd');
      const magic = raw(`/proc/thread-self/fd/${fd}`);
      t.ok('openat2', CWD, raw(`/proc/thread-self/fd/${fd}/e`), PATH_ONLY);
      t.fails('ENOENT', 'openat2', CWD, W('d/e'), PATH_ONLY);
      t.ok('openat2', CWD, magic, PATH_ONLY);
      t.fails('ELOOP', 'openat2', CWD, magic, resolving(RESOLVE_NO_MAGICLINKS));
      t.fails('ELOOP', 'openat2', CWD, magic, resolving(RESOLVE_NO_SYMLINKS));
      t.fails('EXDEV', 'openat2', CWD, magic, resolving(RESOLVE_NO_XDEV));
      t.do('openat2', CWD, magic, resolving(RESOLVE_IN_ROOT));
      t.ok('openat2', CWD, magic, resolving(RESOLVE_NO_MAGICLINKS, O_NOFOLLOW));
      t.ok('readlinkat', CWD, magic);
    },
  },
  {
    name: 'what procfs says of descriptors and places',
    run(t) {
      mkdir(t, 'd', 'd/e');
      write(t, 'd/f');
      const dir = place(t, 'd/e');
      const file = place(t, 'd/f');
      const of = (fd: number): void => {
        t.do('readlinkat', CWD, raw(`/proc/thread-self/fd/${fd}`));
      };
      of(dir);
      of(file);
      t.ok('unlinkat', CWD, W('d/f'), NO_AT);
      of(file);
      t.ok('chdir', W('d'));
      t.do('readlinkat', CWD, raw('/proc/thread-self/cwd'));
      t.do('readlinkat', CWD, raw('/proc/thread-self/root'));
      t.fails('ENOENT', 'readlinkat', CWD, raw('/proc/thread-self/fd/9999'));
      t.fails('EINVAL', 'readlinkat', dir, raw('.'));
    },
  },
  {
    name: 'a mount that follows no links',
    run(t) {
      mkdir(t, 'm');
      tmpfs(t, 'm', 'tmpfs', MS_NOSYMFOLLOW);
      mkdir(t, 'm/d');
      link(t, 'm/l', 'd');
      t.fails('ELOOP', 'openat2', CWD, W('m/l'), PATH_ONLY);
      t.fails('ELOOP', 'openat2', CWD, W('m/l/x'), PATH_ONLY);
      t.ok('openat2', CWD, W('m/l'), how(O_PATH, O_NOFOLLOW));
      t.ok('readlinkat', CWD, W('m/l'));
      t.ok('fstatfs', place(t, 'm'));
    },
  },
  {
    name: 'creation follows links in the directories above, scoped or not',
    run(t) {
      landscape(t);
      const root = place(t, 'root');
      const create = { flags: flags(O_CREAT, O_WRONLY), mode: 0o644 };
      t.ok('openat2', root, raw('up/made-outside'), create);
      t.fails('EXDEV', 'openat2', root, raw('up/x'), { ...create, resolve: RESOLVE_BENEATH });
      t.fails('ENOENT', 'openat2', root, raw('up/x'), { ...create, resolve: RESOLVE_IN_ROOT });
      t.ok('openat2', root, raw('abs/made'), { ...create, resolve: RESOLVE_IN_ROOT });
      t.ok('openat2', root, raw('/in/made'), { ...create, resolve: RESOLVE_IN_ROOT });
      look(t, 'root/etc/made');
      look(t, 'root/a/b/made');
    },
  },
  {
    name: 'the empty path is the descriptor where a call allows it',
    run(t) {
      mkdir(t, 'd');
      const fd = place(t, 'd');
      t.ok('statx', fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
      t.fails('ENOENT', 'statx', fd, '', NO_AT, STATX_BASIC_STATS);
      t.fails('EBADF', 'statx', 9999 as never, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
      t.ok('fchownat', fd, '', 0, 0, AT_EMPTY_PATH);
      t.fails('ENOENT', 'fchownat', fd, '', 0, 0, NO_AT);
    },
  },
  {
    name: 'getcwd, chdir and fchdir',
    run(t) {
      mkdir(t, 'd', 'd/e');
      write(t, 'f');
      t.ok('chdir', W('d/e'));
      t.do('getcwd');
      t.fails('ENOTDIR', 'chdir', W('f'));
      t.fails('ENOENT', 'chdir', W('no'));
      t.ok('fchdir', place(t, 'd'));
      t.do('getcwd');
      t.fails('EBADF', 'fchdir', 9999 as never);
      t.ok('chdir', { fd: place(t, 'd/e') });
      t.do('getcwd');
      t.ok('unlinkat', CWD, W('d/e'), 0x200 as never);
      t.fails('ENOENT', 'getcwd');
      t.fails('ENOENT', 'mkdirat', CWD, raw('x'), 0o755);
    },
  },
  {
    name: 'openat2 of a directory with O_DIRECTORY through links',
    run(t) {
      landscape(t);
      const root = place(t, 'root');
      t.ok('openat2', root, raw('in'), how(O_DIRECTORY));
      t.fails('ENOTDIR', 'openat2', root, raw('f'), how(O_DIRECTORY));
      t.ok('openat2', root, raw('in/'), how(O_PATH, O_NOFOLLOW));
    },
  },
];
