import { AT_EMPTY_PATH, O_PATH, STATX_BASIC_STATS } from '../../../src/syscalls/file-flags.js';
import { flags } from '../../../src/syscalls/flags.js';
import {
  MNT_DETACH,
  MNT_EXPIRE,
  MNT_FORCE,
  MS_BIND,
  MS_MOVE,
  MS_PRIVATE,
  MS_REC,
  MS_SHARED,
  MS_SLAVE,
  UMOUNT_NOFOLLOW,
  type UmountFlags,
} from '../../../src/syscalls/mount-flags.js';
import type { ContractCase } from '../contract-case.js';
import type { Trial } from '../trial.js';
import {
  bind,
  CWD,
  link,
  look,
  make,
  mkdir,
  NO_AT,
  place,
  raw,
  rawTarget,
  rbind,
  tmpfs,
  W,
  write,
} from './kit.js';

const NO_UMOUNT = 0 as UmountFlags;

/** A mount at `root` to switch to, with the world's /proc in it. */
function prepare(t: Trial): void {
  mkdir(t, 'root');
  tmpfs(t, 'root', 'new root');
  mkdir(t, 'root/old', 'root/proc', 'root/dir');
  t.ok('mount', '/proc' as never, W('root/proc'), '', flags(MS_BIND, MS_REC), '');
}

/** pivot_root(2), MS_MOVE, chroot(2) and umount2(2). */
export const ROOTS: readonly ContractCase[] = [
  {
    name: 'pivot_root into a directory of the new root',
    run(t) {
      prepare(t);
      t.ok('pivot_root', W('root'), W('root/old'));
      t.do('getcwd');
      t.ok('chdir', '/' as never);
      t.do('getcwd');
      t.do('statx', CWD, raw('/old/work'), NO_AT, STATX_BASIC_STATS);
      t.ok('umount2', '/old' as never, MNT_DETACH);
      t.ok('unlinkat', CWD, raw('/old'), 0x200 as never);
    },
  },
  {
    name: 'pivot_root onto itself, and the old root off it',
    run(t) {
      prepare(t);
      t.ok('chdir', W('root'));
      t.ok('pivot_root', '.', '.');
      t.do('getcwd');
      t.do('statx', CWD, raw('/dir'), NO_AT, STATX_BASIC_STATS);
      t.ok('mount', '', '.' as never, '', flags(MS_SLAVE, MS_REC), '');
      t.ok('umount2', '.', MNT_DETACH);
      t.ok('chdir', '/' as never);
      t.do('getcwd');
      t.do('statx', CWD, raw('/..'), NO_AT, STATX_BASIC_STATS);
    },
  },
  {
    name: 'pivot_root with the new root held by descriptor',
    run(t) {
      prepare(t);
      const fd = place(t, 'root');
      t.ok('pivot_root', { fd }, { fd });
      t.ok('fchdir', fd);
      t.do('getcwd');
    },
  },
  {
    name: 'pivot_root and what is no mount point or not a directory',
    run(t) {
      mkdir(t, 'd', 'd/old');
      write(t, 'f');
      t.fails('EINVAL', 'pivot_root', W('d'), W('d/old'));
      t.fails('ENOTDIR', 'pivot_root', W('f'), W('d'));
      t.fails('ENOENT', 'pivot_root', W('no'), W('d'));
      t.do('pivot_root', '/' as never, '/' as never);
      t.do('pivot_root', '/' as never, '/old' as never);
    },
  },
  {
    name: 'pivot_root and a place for the old root that is not below the new',
    run(t) {
      prepare(t);
      mkdir(t, 'elsewhere');
      t.fails('EINVAL', 'pivot_root', W('root'), W('elsewhere'));
      t.fails('EBUSY', 'pivot_root', W('root'), '/old' as never);
    },
  },
  {
    name: 'pivot_root and shared mounts in each position',
    run(t) {
      prepare(t);
      make(t, 'root', MS_SHARED);
      t.fails('EINVAL', 'pivot_root', W('root'), W('root/old'));
      make(t, 'root', MS_PRIVATE);
      make(t, '', MS_SHARED);
      t.fails('EINVAL', 'pivot_root', W('root'), W('root/old'));
      make(t, '', MS_PRIVATE);
      t.ok('mount', '', '/' as never, '', MS_SHARED, '');
      t.ok('pivot_root', W('root'), W('root/old'));
    },
  },
  {
    name: 'pivot_root in a chroot',
    run(t) {
      prepare(t);
      mkdir(t, 'root/inner');
      t.ok('chdir', W('root'));
      t.ok('mount', W('root/dir'), W('root/inner'), '', MS_BIND, '');
      t.ok('chroot', W('root/dir'));
      t.do('pivot_root', '/' as never, '/' as never);
      t.ok('chroot', rawTarget('.'));
      t.do('getcwd');
      t.do('pivot_root', '/inner' as never, '/inner' as never);
    },
  },
  {
    name: 'pivot_root with a working directory elsewhere',
    run(t) {
      prepare(t);
      mkdir(t, 'here');
      t.ok('chdir', W('here'));
      t.ok('pivot_root', W('root'), W('root/old'));
      t.do('getcwd');
      t.ok('umount2', '/old' as never, MNT_DETACH);
      t.do('getcwd');
      t.do('statx', CWD, raw('..'), NO_AT, STATX_BASIC_STATS);
    },
  },
  {
    name: 'MS_MOVE of the new root over the old, and chroot',
    run(t) {
      prepare(t);
      t.ok('chdir', W('root'));
      t.ok('mount', W('root'), '/' as never, '', MS_MOVE, '');
      t.do('getcwd');
      t.ok('chroot', '.');
      t.ok('chdir', '/' as never);
      t.do('getcwd');
      t.do('statx', CWD, raw('/dir'), NO_AT, STATX_BASIC_STATS);
    },
  },
  {
    name: 'MS_MOVE and its refusals',
    run(t) {
      mkdir(t, 'a', 'b', 'd');
      tmpfs(t, 'a');
      mkdir(t, 'a/in');
      write(t, 'f');
      t.fails('EINVAL', 'mount', W('d'), W('b'), '', MS_MOVE, '');
      t.fails('ELOOP', 'mount', W('a'), W('a/in'), '', MS_MOVE, '');
      t.fails('EINVAL', 'mount', W('a'), W('f'), '', MS_MOVE, '');
      t.fails('EINVAL', 'mount', '', W('b'), '', MS_MOVE, '');
      t.fails('ENOENT', 'mount', W('no'), W('b'), '', MS_MOVE, '');
      t.ok('mount', W('a'), W('b'), '', MS_MOVE, '');
      make(t, '', MS_SHARED);
      t.fails('EINVAL', 'mount', W('b'), W('d'), '', MS_MOVE, '');
    },
  },
  {
    name: "MS_MOVE of the world's root",
    run(t) {
      mkdir(t, 'd');
      t.do('mount', '/' as never, W('d'), '', MS_MOVE, '');
    },
  },
  {
    name: 'chroot shows less, and dot-dot ends there',
    run(t) {
      prepare(t);
      write(t, 'root/f');
      const outside = place(t, '');
      t.ok('chroot', W('root'));
      t.do('getcwd');
      t.ok('chdir', '/' as never);
      t.do('getcwd');
      t.do('statx', CWD, raw('/../../f'), NO_AT, STATX_BASIC_STATS);
      t.fails('ENOENT', 'openat2', CWD, W(''), { flags: O_PATH });
      t.ok('fchdir', outside);
      t.do('getcwd');
      t.do('statx', CWD, raw('..'), NO_AT, STATX_BASIC_STATS);
      t.do('statx', CWD, raw('root/f'), NO_AT, STATX_BASIC_STATS);
      t.fails('ENOENT', 'chroot', '/no' as never);
      t.fails('ENOTDIR', 'chroot', '/f' as never);
    },
  },
  {
    name: 'umount2 of what is busy, and lazily',
    run(t) {
      mkdir(t, 'd');
      tmpfs(t, 'd');
      mkdir(t, 'd/in');
      t.ok('chdir', W('d/in'));
      t.fails('EBUSY', 'umount2', W('d'), NO_UMOUNT);
      t.ok('umount2', W('d'), MNT_DETACH);
      t.do('getcwd');
      t.do('mkdirat', CWD, raw('still'), 0o755);
      t.do('statx', CWD, raw('..'), NO_AT, STATX_BASIC_STATS);
      t.do('mount', '' as never, '.' as never, 'tmpfs', 0 as never, '');
      t.ok('chdir', rawTarget('../..'));
      t.do('getcwd');
    },
  },
  {
    name: 'umount2 and what is no mount point',
    run(t) {
      mkdir(t, 'd', 'm');
      link(t, 'l', 'm');
      tmpfs(t, 'm');
      mkdir(t, 'm/in');
      t.fails('EINVAL', 'umount2', W('d'), NO_UMOUNT);
      t.fails('EINVAL', 'umount2', W('m/in'), NO_UMOUNT);
      t.fails('ENOENT', 'umount2', W('no'), NO_UMOUNT);
      t.fails('EINVAL', 'umount2', W('m'), 0x100 as UmountFlags);
      t.fails('EINVAL', 'umount2', W('l'), UMOUNT_NOFOLLOW);
      t.ok('umount2', W('l'), NO_UMOUNT);
    },
  },
  {
    name: 'umount2 with something mounted below',
    run(t) {
      mkdir(t, 'd');
      tmpfs(t, 'd');
      mkdir(t, 'd/in');
      tmpfs(t, 'd/in');
      t.fails('EBUSY', 'umount2', W('d'), NO_UMOUNT);
      t.ok('umount2', W('d'), MNT_DETACH);
    },
  },
  {
    name: 'umount2 of an expiring mount takes two calls',
    run(t) {
      mkdir(t, 'd');
      tmpfs(t, 'd');
      t.fails('EINVAL', 'umount2', W('d'), flags(MNT_EXPIRE, MNT_DETACH));
      t.fails('EAGAIN', 'umount2', W('d'), MNT_EXPIRE);
      t.ok('umount2', W('d'), MNT_EXPIRE);
    },
  },
  {
    name: 'umount2 with force',
    run(t) {
      mkdir(t, 'd');
      tmpfs(t, 'd');
      t.ok('umount2', W('d'), MNT_FORCE);
    },
  },
  {
    name: 'umount2 of the bottom of a stack by descriptor takes the top',
    run(t) {
      mkdir(t, 'd');
      tmpfs(t, 'd', 'bottom');
      const fd = place(t, 'd');
      tmpfs(t, 'd', 'top');
      t.ok('umount2', { fd }, MNT_DETACH);
      look(t, 'd');
      t.ok('umount2', { fd }, MNT_DETACH);
      t.ok('statx', fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
      t.fails('EINVAL', 'umount2', { fd }, MNT_DETACH);
    },
  },
  {
    name: 'descriptors into a tree that was unmounted lazily',
    run(t) {
      mkdir(t, 'd');
      tmpfs(t, 'd', 'outer');
      mkdir(t, 'd/in', 'd/in/x');
      tmpfs(t, 'd/in', 'inner');
      mkdir(t, 'd/in/y');
      const outer = place(t, 'd');
      const inner = place(t, 'd/in/y');
      t.ok('umount2', W('d'), MNT_DETACH);
      t.ok('fchdir', inner);
      t.do('getcwd');
      t.do('statx', inner, raw('../..'), NO_AT, STATX_BASIC_STATS);
      t.do('openat2', outer, raw('in/x'), { flags: O_PATH });
      t.do('mount', { fd: outer }, W('d'), '', MS_BIND, '');
    },
  },
  {
    name: 'a bind of the root over the root',
    run(t) {
      t.ok('mount', '/' as never, '/' as never, '', flags(MS_BIND, MS_REC), '');
      t.do('getcwd');
      t.do('statx', CWD, raw('/work'), NO_AT, STATX_BASIC_STATS);
      t.do('statx', CWD, raw('/../work'), NO_AT, STATX_BASIC_STATS);
      t.do('umount2', '/' as never, MNT_DETACH);
      bind(t, '', '');
      rbind(t, '', '');
    },
  },
];
