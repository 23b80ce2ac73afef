import {
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  AT_SYMLINK_NOFOLLOW,
  F_GETFD,
  O_CLOEXEC,
  O_CREAT,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  STATX_BASIC_STATS,
  type AtFlags,
} from '../../../src/syscalls/file-flags.js';
import { flags } from '../../../src/syscalls/flags.js';
import {
  FSCONFIG_CMD_CREATE,
  FSCONFIG_CMD_RECONFIGURE,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  FSPICK_CLOEXEC,
  MNT_DETACH,
  MOUNT_ATTR__ATIME,
  MOUNT_ATTR_IDMAP,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_STRICTATIME,
  MOVE_MOUNT_BENEATH,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_SET_GROUP,
  MOVE_MOUNT_T_EMPTY_PATH,
  MOVE_MOUNT_T_SYMLINKS,
  MS_PRIVATE,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
  OPEN_TREE_AT_EMPTY_PATH,
  OPEN_TREE_AT_RECURSIVE,
  OPEN_TREE_AT_SYMLINK_NOFOLLOW,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  type FsmountFlags,
  type FsopenFlags,
  type FspickFlags,
  type MoveMountFlags,
  type OpenTreeFlags,
} from '../../../src/syscalls/mount-flags.js';
import type { ContractCase } from '../contract-case.js';
import { NOT_OPEN } from '../trial.js';
import {
  attach,
  bind,
  CREATE,
  CWD,
  detached,
  how,
  link,
  look,
  make,
  mkdir,
  NO_ATTR,
  place,
  raw,
  rbind,
  tmpfs,
  W,
  write,
} from './kit.js';

const CLONE = flags(OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC);
const CLONE_ALL = flags(CLONE, OPEN_TREE_AT_RECURSIVE);
const NO_TREE = 0 as OpenTreeFlags;
const NO_MOVE = 0 as MoveMountFlags;
const BOTH_EMPTY = flags(MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH);

/** The mount calls by descriptor (Linux 5.2 and later). */
export const DETACHED: readonly ContractCase[] = [
  {
    name: 'id maps that a mount is not given',
    run(t) {
      const IDMAP = { attr_set: MOUNT_ATTR_IDMAP };
      const user = t.open('openat2', CWD, raw('/proc/thread-self/ns/user'), how(O_RDONLY));
      const uts = t.open('openat2', CWD, raw('/proc/thread-self/ns/uts'), how(O_RDONLY));
      const tree = detached(t);
      t.do('mount_setattr', tree, '', AT_EMPTY_PATH, { ...IDMAP, userns_fd: user });
      t.do('mount_setattr', tree, '', AT_EMPTY_PATH, { ...IDMAP, userns_fd: uts });
      t.do('mount_setattr', tree, '', AT_EMPTY_PATH, { ...IDMAP, userns_fd: tree });
      t.do('mount_setattr', tree, '', AT_EMPTY_PATH, { ...IDMAP, userns_fd: NOT_OPEN });
      t.do('mount_setattr', tree, '', AT_EMPTY_PATH, { attr_clr: MOUNT_ATTR_IDMAP });
    },
  },
  {
    name: 'a detached tmpfs is used before it is attached, and shows then',
    run(t) {
      mkdir(t, 'd');
      const tree = detached(t, 'made', flags(MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV));
      t.ok('mkdirat', tree, raw('inside'), 0o755);
      t.ok('fchdir', tree);
      t.do('getcwd');
      t.ok('chdir', W(''));
      attach(t, tree, 'd');
      look(t, 'd/inside');
      t.ok('close', tree);
      look(t, 'd/inside');
    },
  },
  {
    name: 'a detached tree ends with its descriptor',
    run(t) {
      const tree = detached(t);
      t.ok('mkdirat', tree, raw('x'), 0o755);
      const inner = t.open('openat2', tree, raw('x'), { flags: O_PATH });
      t.ok('close', tree);
      t.ok('statx', inner, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
      t.do('mkdirat', inner, raw('y'), 0o755);
      t.do('move_mount', inner, '', CWD, W(''), MOVE_MOUNT_F_EMPTY_PATH);
    },
  },
  {
    name: 'all attributes of fsmount',
    run(t) {
      const sets = [
        MOUNT_ATTR_RDONLY,
        MOUNT_ATTR_NOSUID,
        MOUNT_ATTR_NODEV,
        MOUNT_ATTR_NOEXEC,
        MOUNT_ATTR_NOATIME,
        MOUNT_ATTR_STRICTATIME,
        MOUNT_ATTR_NODIRATIME,
        MOUNT_ATTR_NOSYMFOLLOW,
      ];
      sets.forEach((bits, index) => {
        mkdir(t, `d${index}`);
        attach(t, detached(t, 'x', bits), `d${index}`);
      });
      const context = t.open('fsopen', 'tmpfs', FSOPEN_CLOEXEC);
      t.ok('fsconfig', context, FSCONFIG_CMD_CREATE, null, null, 0);
      t.fails('EINVAL', 'fsmount', context, FSMOUNT_CLOEXEC, MOUNT_ATTR__ATIME);
      t.fails('EINVAL', 'fsmount', context, FSMOUNT_CLOEXEC, 0x100 as never);
      t.fails('EINVAL', 'fsmount', context, 2 as FsmountFlags, NO_ATTR);
    },
  },
  {
    name: 'fsopen and its phases',
    run(t) {
      t.fails('ENODEV', 'fsopen', 'no-such-fs', FSOPEN_CLOEXEC);
      t.fails('EINVAL', 'fsopen', 'tmpfs', 2 as FsopenFlags);
      const context = t.open('fsopen', 'tmpfs', FSOPEN_CLOEXEC);
      t.ok('fcntl', context, F_GETFD, 0);
      t.fails('EINVAL', 'fsmount', context, FSMOUNT_CLOEXEC, NO_ATTR);
      t.fails('EBUSY', 'fsconfig', context, FSCONFIG_CMD_RECONFIGURE, null, null, 0);
      t.ok('fsconfig', context, FSCONFIG_SET_STRING, 'source', 'one', 0);
      t.fails('EINVAL', 'fsconfig', context, FSCONFIG_SET_STRING, 'source', 'two', 0);
      t.ok('fsconfig', context, FSCONFIG_CMD_CREATE, null, null, 0);
      t.fails('EBUSY', 'fsconfig', context, FSCONFIG_CMD_CREATE, null, null, 0);
      t.fails('EBUSY', 'fsconfig', context, FSCONFIG_SET_FLAG, 'ro', null, 0);
      const tree = t.open('fsmount', context, FSMOUNT_CLOEXEC, NO_ATTR);
      t.do('fsmount', context, FSMOUNT_CLOEXEC, NO_ATTR);
      t.ok('fsconfig', context, FSCONFIG_SET_FLAG, 'ro', null, 0);
      t.ok('fsconfig', context, FSCONFIG_CMD_RECONFIGURE, null, null, 0);
      t.fails('EROFS', 'mkdirat', tree, raw('x'), 0o755);
    },
  },
  {
    name: 'fsconfig and its arguments',
    run(t) {
      const context = t.open('fsopen', 'tmpfs', FSOPEN_CLOEXEC);
      t.fails('EINVAL', 'fsconfig', context, FSCONFIG_SET_FLAG, null, null, 0);
      t.fails('EINVAL', 'fsconfig', context, FSCONFIG_SET_FLAG, 'ro', 'x', 0);
      t.fails('EINVAL', 'fsconfig', context, FSCONFIG_SET_STRING, 'size', null, 0);
      t.fails('EINVAL', 'fsconfig', context, FSCONFIG_SET_STRING, 'size', '1', 1);
      t.fails('EINVAL', 'fsconfig', context, FSCONFIG_CMD_CREATE, 'x', null, 0);
      t.fails('EOPNOTSUPP', 'fsconfig', context, 77 as never, null, null, 0);
      t.fails('EBADF', 'fsconfig', 9999 as never, FSCONFIG_SET_FLAG, 'ro', null, 0);
      t.fails('EBADF', 'fsconfig', place(t, ''), FSCONFIG_SET_FLAG, 'ro', null, 0);
      t.fails(
        'EINVAL',
        'fsconfig',
        t.open('openat2', CWD, W('f'), CREATE),
        FSCONFIG_SET_FLAG,
        'ro',
        null,
        0,
      );
    },
  },
  {
    name: 'the kernel explains a refused option on the descriptor',
    run(t) {
      const context = t.open('fsopen', 'tmpfs', FSOPEN_CLOEXEC);
      t.fails('EINVAL', 'fsconfig', context, FSCONFIG_SET_STRING, 'nonsense', 'x', 0);
      t.fails('EINVAL', 'fsconfig', context, FSCONFIG_SET_STRING, 'size', 'x', 0);
      t.ok('read', context, 1000);
      t.ok('read', context, 1000);
      t.fails('ENODATA', 'read', context, 1000);
      t.fails('EINVAL', 'fsconfig', context, FSCONFIG_SET_STRING, 'mode', '8', 0);
      t.fails('EMSGSIZE', 'read', context, 5);
    },
  },
  {
    name: 'fspick changes a file system that is mounted',
    run(t) {
      mkdir(t, 'd', 'e');
      tmpfs(t, 'd', 'x', 0 as never, 'size=1m');
      const context = t.open('fspick', CWD, W('d'), FSPICK_CLOEXEC);
      t.fails('EBUSY', 'fsconfig', context, FSCONFIG_CMD_CREATE, null, null, 0);
      t.ok('fsconfig', context, FSCONFIG_SET_FLAG, 'ro', null, 0);
      t.ok('fsconfig', context, FSCONFIG_SET_STRING, 'size', '2m', 0);
      t.ok('fsconfig', context, FSCONFIG_CMD_RECONFIGURE, null, null, 0);
      t.fails('EROFS', 'mkdirat', CWD, W('d/x'), 0o755);
      t.fails('EINVAL', 'fspick', CWD, W('e'), FSPICK_CLOEXEC);
      t.fails('EINVAL', 'fspick', CWD, W('d'), 0x100 as FspickFlags);
      t.fails('ENOENT', 'fspick', CWD, W('no'), FSPICK_CLOEXEC);
    },
  },
  {
    name: 'open_tree opens a place, or clones it',
    run(t) {
      mkdir(t, 'a', 'a/m', 'b', 'c');
      tmpfs(t, 'a/m', 'inner');
      t.fails('EINVAL', 'open_tree', CWD, W('a'), OPEN_TREE_AT_RECURSIVE);
      t.fails('EINVAL', 'open_tree', CWD, W('a'), 0x2 as OpenTreeFlags);
      t.ok('fcntl', t.open('open_tree', CWD, W('a'), OPEN_TREE_CLOEXEC), F_GETFD, 0);
      const one = t.open('open_tree', CWD, W('a'), CLONE);
      const all = t.open('open_tree', CWD, W('a'), CLONE_ALL);
      attach(t, one, 'b');
      attach(t, all, 'c');
      const plain = t.open('open_tree', CWD, W('a/m'), NO_TREE);
      t.ok('statx', plain, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
    },
  },
  {
    name: 'open_tree of descriptors, links and files',
    run(t) {
      mkdir(t, 'd', 'e');
      write(t, 'f', 'x');
      write(t, 'g');
      link(t, 'l', 'd');
      const fd = place(t, 'd');
      attach(t, t.open('open_tree', fd, '', flags(CLONE, OPEN_TREE_AT_EMPTY_PATH)), 'e');
      t.fails('ENOENT', 'open_tree', fd, '', CLONE);
      attach(t, t.open('open_tree', CWD, W('f'), CLONE), 'g');
      const itself = t.open('open_tree', CWD, W('l'), OPEN_TREE_AT_SYMLINK_NOFOLLOW);
      t.ok('readlinkat', itself, '');
    },
  },
  {
    name: 'open_tree does not clone what is unbindable',
    run(t) {
      mkdir(t, 'a', 'b');
      tmpfs(t, 'a');
      make(t, 'a', MS_UNBINDABLE);
      t.fails('EINVAL', 'open_tree', CWD, W('a'), CLONE);
      t.ok('open_tree', CWD, W('a'), NO_TREE);
    },
  },
  {
    name: 'a clone of a shared mount is a peer while it is detached',
    run(t) {
      mkdir(t, 'a', 'b');
      tmpfs(t, 'a');
      make(t, 'a', MS_SHARED);
      mkdir(t, 'a/x', 'a/y');
      const tree = t.open('open_tree', CWD, W('a'), CLONE);
      tmpfs(t, 'a/x', 'while detached');
      t.do('statx', tree, raw('x'), 0 as AtFlags, STATX_BASIC_STATS);
      attach(t, tree, 'b');
      tmpfs(t, 'b/y', 'when attached');
    },
  },
  {
    name: 'a clone of a clone (Linux 6.15)',
    run(t) {
      mkdir(t, 'a', 'a/m', 'b', 'c');
      tmpfs(t, 'a/m');
      const first = t.open('open_tree', CWD, W('a'), CLONE_ALL);
      const second = t.open('open_tree', first, raw('m'), CLONE);
      attach(t, second, 'b');
      const third = t.open('open_tree', first, '', flags(CLONE, OPEN_TREE_AT_EMPTY_PATH));
      t.ok('close', first);
      attach(t, third, 'c');
    },
  },
  {
    name: 'a detached tree onto another (Linux 6.15)',
    run(t) {
      mkdir(t, 'd');
      const outer = detached(t, 'outer');
      t.ok('mkdirat', outer, raw('in'), 0o755);
      const inner = detached(t, 'inner');
      t.do('move_mount', inner, '', outer, raw('in'), MOVE_MOUNT_F_EMPTY_PATH);
      t.do('move_mount', outer, raw('in'), CWD, W('d'), NO_MOVE);
      attach(t, outer, 'd');
    },
  },
  {
    name: 'move_mount attaches by descriptor on both sides',
    run(t) {
      mkdir(t, 'd');
      const tree = detached(t);
      const to = place(t, 'd');
      t.fails('ENOENT', 'move_mount', tree, '', to, '', MOVE_MOUNT_F_EMPTY_PATH);
      t.fails('ENOENT', 'move_mount', tree, '', to, '', MOVE_MOUNT_T_EMPTY_PATH);
      t.fails('EINVAL', 'move_mount', tree, '', to, '', flags(BOTH_EMPTY, 0x800 as MoveMountFlags));
      t.fails('EBADF', 'move_mount', 9999 as never, '', to, '', BOTH_EMPTY);
      t.ok('move_mount', tree, '', to, '', BOTH_EMPTY);
      t.fails('EINVAL', 'move_mount', to, '', CWD, W(''), MOVE_MOUNT_F_EMPTY_PATH);
    },
  },
  {
    name: 'move_mount moves what is attached',
    run(t) {
      mkdir(t, 'a', 'b');
      tmpfs(t, 'a', 'moved');
      mkdir(t, 'a/in');
      tmpfs(t, 'a/in', 'inner');
      t.ok('move_mount', CWD, W('a'), CWD, W('b'), NO_MOVE);
      t.fails('ELOOP', 'move_mount', CWD, W('b'), CWD, W('b/in'), NO_MOVE);
      t.fails('EINVAL', 'move_mount', CWD, W('a'), CWD, W('b'), NO_MOVE);
      t.do('move_mount', CWD, raw('/'), CWD, W('a'), NO_MOVE);
    },
  },
  {
    name: 'move_mount and files, directories and links',
    run(t) {
      mkdir(t, 'd', 'e');
      write(t, 'f');
      link(t, 'l', 'e');
      const tree = detached(t);
      t.fails('EINVAL', 'move_mount', tree, '', CWD, W('f'), MOVE_MOUNT_F_EMPTY_PATH);
      t.do('move_mount', tree, '', CWD, W('l'), MOVE_MOUNT_F_EMPTY_PATH);
      t.ok(
        'move_mount',
        tree,
        '',
        CWD,
        W('l'),
        flags(MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_SYMLINKS),
      );
    },
  },
  {
    name: 'move_mount beneath the top of a stack',
    run(t) {
      mkdir(t, 'p');
      tmpfs(t, 'p', 'parent');
      mkdir(t, 'p/d');
      tmpfs(t, 'p/d', 'top');
      const tree = detached(t, 'beneath');
      t.ok(
        'move_mount',
        tree,
        '',
        CWD,
        W('p/d'),
        flags(MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_BENEATH),
      );
      t.do(
        'move_mount',
        detached(t),
        '',
        CWD,
        W(''),
        flags(MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_BENEATH),
      );
      mkdir(t, 'p/d/no');
      t.fails(
        'EINVAL',
        'move_mount',
        detached(t),
        '',
        CWD,
        W('p/d/no'),
        flags(MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_BENEATH),
      );
      t.fails(
        'EINVAL',
        'move_mount',
        CWD,
        W('p'),
        CWD,
        W('p/d'),
        flags(MOVE_MOUNT_SET_GROUP, MOVE_MOUNT_BENEATH),
      );
      t.ok('umount2', W('p/d'), MNT_DETACH);
    },
  },
  {
    name: 'mount_setattr sets and clears, and nothing is nothing',
    run(t) {
      mkdir(t, 'd');
      tmpfs(t, 'd', 'x');
      const set = (attr: object): void => {
        t.do('mount_setattr', CWD, W('d'), 0 as AtFlags, attr);
        t.do('fstatfs', place(t, 'd'));
      };
      set({});
      set({ attr_set: flags(MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV) });
      set({ attr_clr: MOUNT_ATTR_NOSUID });
      set({ attr_set: MOUNT_ATTR_NOATIME });
      set({ attr_set: MOUNT_ATTR_NOATIME, attr_clr: MOUNT_ATTR__ATIME });
      set({ attr_set: MOUNT_ATTR_STRICTATIME, attr_clr: MOUNT_ATTR_NOATIME });
      set({ attr_set: MOUNT_ATTR_STRICTATIME, attr_clr: MOUNT_ATTR__ATIME });
      set({ attr_clr: MOUNT_ATTR__ATIME });
      set({ attr_set: 0x1000000 });
      set({ propagation: MS_SHARED });
      set({ propagation: flags(MS_SHARED, MS_PRIVATE) });
      set({ propagation: MS_SLAVE, attr_clr: MOUNT_ATTR_RDONLY });
    },
  },
  {
    name: 'mount_setattr of a whole tree, or of nothing',
    run(t) {
      mkdir(t, 'a');
      tmpfs(t, 'a', 'outer');
      mkdir(t, 'a/b', 'a/c');
      tmpfs(t, 'a/b', 'inner');
      tmpfs(t, 'a/c', 'busy');
      const fd = t.open('openat2', CWD, W('a/c/f'), { flags: flags(O_CREAT, O_RDWR), mode: 0o644 });
      t.fails('EBUSY', 'mount_setattr', CWD, W('a'), AT_RECURSIVE, { attr_set: MOUNT_ATTR_RDONLY });
      t.ok('mkdirat', CWD, W('a/x'), 0o755);
      t.ok('close', fd);
      t.ok('mount_setattr', CWD, W('a'), AT_RECURSIVE, {
        attr_set: flags(MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID),
      });
      t.fails('EROFS', 'mkdirat', CWD, W('a/b/x'), 0o755);
      t.ok('mount_setattr', CWD, W('a'), AT_RECURSIVE, { propagation: MS_SHARED });
      t.ok('mount_setattr', CWD, W('a'), 0 as AtFlags, {
        propagation: MS_PRIVATE,
        attr_clr: MOUNT_ATTR_RDONLY,
      });
    },
  },
  {
    name: 'mount_setattr and where it may',
    run(t) {
      mkdir(t, 'd');
      t.fails('EINVAL', 'mount_setattr', CWD, W('d'), 0 as AtFlags, {
        attr_set: MOUNT_ATTR_NOSUID,
      });
      t.fails('ENOENT', 'mount_setattr', CWD, W('no'), 0 as AtFlags, {
        attr_set: MOUNT_ATTR_NOSUID,
      });
      t.fails('EINVAL', 'mount_setattr', CWD, W('d'), 0x40 as AtFlags, {
        attr_set: MOUNT_ATTR_NOSUID,
      });
      const tree = detached(t);
      t.ok('mount_setattr', tree, '', AT_EMPTY_PATH, { attr_set: MOUNT_ATTR_NOSUID });
      attach(t, tree, 'd');
      t.ok('mount_setattr', tree, '', flags(AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW), {
        attr_set: MOUNT_ATTR_NODEV,
      });
    },
  },
  {
    name: 'mount_setattr of a detached tree, recursively',
    run(t) {
      mkdir(t, 'a', 'a/m', 'b');
      tmpfs(t, 'a/m');
      bind(t, 'a', 'a');
      tmpfs(t, 'a/m');
      const tree = t.open('open_tree', CWD, W('a'), CLONE_ALL);
      t.ok('mount_setattr', tree, '', flags(AT_EMPTY_PATH, AT_RECURSIVE), {
        attr_set: MOUNT_ATTR_RDONLY,
        propagation: MS_PRIVATE,
      });
      attach(t, tree, 'b');
      t.fails('EROFS', 'mkdirat', CWD, W('b/m/x'), 0o755);
      t.ok('mkdirat', CWD, W('a/m/x'), 0o755);
    },
  },
  {
    name: "a mount point in a detached clone is not the original's",
    run(t) {
      mkdir(t, 'a', 'a/x');
      const tree = t.open('open_tree', CWD, W('a'), CLONE);
      t.do(
        'mount',
        '' as never,
        { fd: t.open('openat2', tree, raw('x'), how(O_PATH, O_CLOEXEC)) },
        'tmpfs',
        0 as never,
        '',
      );
      t.do('umount2', { fd: tree }, MNT_DETACH);
      t.do('mount', { fd: tree }, W('a/x'), '', 0x1000 as never, '');
      rbind(t, 'a', 'a/x');
      t.do('openat2', tree, raw('file'), CREATE);
      look(t, 'a/file');
    },
  },
];
