import {
  AT_REMOVEDIR,
  O_DIRECTORY,
  O_EXCL,
  O_PATH,
  O_RDWR,
  O_WRONLY,
  O_CREAT,
} from '../../../src/syscalls/file-flags.js';
import { flags } from '../../../src/syscalls/flags.js';
import {
  MNT_DETACH,
  MS_BIND,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_RELATIME,
  MS_REMOUNT,
  MS_SHARED,
  MS_STRICTATIME,
  MS_SYNCHRONOUS,
  MS_DIRSYNC,
  MS_LAZYTIME,
  type UmountFlags,
} from '../../../src/syscalls/mount-flags.js';
import type { ContractCase } from '../contract-case.js';
import {
  bind,
  CREATE,
  CWD,
  how,
  link,
  look,
  mkdir,
  named,
  NO_AT,
  NO_MS,
  place,
  raw,
  rbind,
  readFile,
  tmpfs,
  W,
  write,
} from './kit.js';

const NO_UMOUNT = 0 as UmountFlags;
const NO_DEVICE = { major: 0, minor: 0 };
const BIND_REMOUNT = flags(MS_BIND, MS_REMOUNT);

/** mount(2): new mounts, binds, flags and read-only semantics. */
export const MOUNTS: readonly ContractCase[] = [
  {
    name: 'a tmpfs covers a directory, and stacks',
    run(t) {
      mkdir(t, 'd');
      write(t, 'd/below', 'x');
      tmpfs(t, 'd', 'first');
      write(t, 'd/first');
      tmpfs(t, 'd', 'second', flags(MS_NOSUID, MS_NODEV));
      look(t, 'd');
      look(t, 'd/first');
      t.ok('umount2', W('d'), NO_UMOUNT);
      look(t, 'd/first');
      t.ok('umount2', W('d'), NO_UMOUNT);
      look(t, 'd/below');
    },
  },
  {
    name: 'a directory is not mounted on a file, nor a file on a directory',
    run(t) {
      mkdir(t, 'd');
      write(t, 'f');
      t.fails('ENOTDIR', 'mount', named('tmpfs'), W('f'), 'tmpfs', NO_MS, '');
      t.fails('ENOTDIR', 'mount', W('d'), W('f'), '', MS_BIND, '');
      t.fails('ENOTDIR', 'mount', W('f'), W('d'), '', MS_BIND, '');
      t.fails('ENOENT', 'mount', named('tmpfs'), W('no'), 'tmpfs', NO_MS, '');
      t.fails('ENOENT', 'mount', W('no'), W('d'), '', MS_BIND, '');
      t.fails('EINVAL', 'mount', '', W('d'), '', MS_BIND, '');
      t.fails('ENODEV', 'mount', named('x'), W('d'), 'no-such-fs', NO_MS, '');
      t.do('mount', named('x'), W('d'), '', NO_MS, '');
    },
  },
  {
    name: 'mounting follows links',
    run(t) {
      mkdir(t, 'd', 'e');
      link(t, 'l', 'd');
      link(t, 'm', 'e');
      tmpfs(t, 'l');
      t.ok('mount', W('l'), W('m'), '', MS_BIND, '');
      link(t, 'loop', 'loop');
      t.fails('ELOOP', 'mount', named('tmpfs'), W('loop'), 'tmpfs', NO_MS, '');
    },
  },
  {
    name: 'sources and options as mountinfo shows them',
    run(t) {
      mkdir(t, 'a', 'b', 'c', 'd', 'e');
      t.ok('mount', '', W('a'), 'tmpfs', NO_MS, 'size=65536k,mode=1777');
      tmpfs(t, 'b', 'with space', NO_MS, 'size=1m,mode=700,nr_inodes=10');
      tmpfs(t, 'c', 'ro', MS_RDONLY, 'ro');
      tmpfs(t, 'd', 'data ro', NO_MS, 'ro,size=0,,mode=0');
      tmpfs(t, 'e', 'sync', flags(MS_SYNCHRONOUS, MS_DIRSYNC, MS_LAZYTIME));
      look(t, 'a');
      look(t, 'b');
      look(t, 'd');
    },
  },
  {
    name: 'a tmpfs of a part of the memory',
    run(t) {
      mkdir(t, 'a', 'b', 'c');
      tmpfs(t, 'a', 'half', NO_MS, 'size=50%');
      tmpfs(t, 'b', 'some', NO_MS, 'size=7%');
      tmpfs(t, 'c', 'none', NO_MS, 'size=0%');
      tmpfs(t, 'c', 'no number', NO_MS, 'size=%');
      t.fails('EINVAL', 'mount', named('tmpfs'), W('a'), 'tmpfs', NO_MS, 'size=5%%');
    },
  },
  {
    name: 'odd characters in names are escaped in mountinfo',
    run(t) {
      t.ok('mkdirat', CWD, raw('/work/a b\tc\\d'), 0o755);
      t.ok('mount', named('x y'), '/work/a b\tc\\d' as never, 'tmpfs', NO_MS, '');
    },
  },
  {
    name: 'options of tmpfs that are wrong',
    run(t) {
      mkdir(t, 'd');
      for (const data of [
        'size=x',
        'mode=9',
        'uid=x',
        'nonsense',
        'nonsense=1',
        'mode',
        'gid=4294967295',
        'size=',
      ]) {
        t.fails('EINVAL', 'mount', named('tmpfs'), W('d'), 'tmpfs', NO_MS, data);
      }
      t.do('mount', named('tmpfs'), W('d'), 'tmpfs', NO_MS, 'uid=1000,gid=1000');
    },
  },
  {
    name: 'all per-mount flags of mount(2)',
    run(t) {
      const sets = [
        NO_MS,
        MS_RDONLY,
        MS_NOSUID,
        MS_NODEV,
        MS_NOEXEC,
        MS_NOATIME,
        MS_NODIRATIME,
        MS_RELATIME,
        MS_STRICTATIME,
        flags(MS_NOATIME, MS_STRICTATIME),
        flags(MS_NOATIME, MS_RELATIME),
      ];
      sets.forEach((bits, index) => {
        mkdir(t, `d${index}`);
        tmpfs(t, `d${index}`, 'x', bits);
        t.ok('fstatfs', place(t, `d${index}`));
      });
    },
  },
  {
    name: 'a bind shows a directory again, with its own flags',
    run(t) {
      mkdir(t, 'a', 'a/sub', 'b');
      write(t, 'a/f', 'shared');
      bind(t, 'a', 'b');
      readFile(t, 'b/f');
      write(t, 'b/new');
      look(t, 'a/new');
      t.ok('mount', '', W('b'), '', flags(BIND_REMOUNT, MS_RDONLY), '');
      t.fails('EROFS', 'mkdirat', CWD, W('b/x'), 0o755);
      t.ok('mkdirat', CWD, W('a/x'), 0o755);
      look(t, 'b/x');
    },
  },
  {
    name: 'a bind takes flags of mount(2) only when it is remounted',
    run(t) {
      mkdir(t, 'a', 'b');
      t.ok('mount', W('a'), W('b'), '', flags(MS_BIND, MS_RDONLY, MS_NOSUID), '');
      t.ok('mkdirat', CWD, W('b/x'), 0o755);
      t.ok('mount', '', W('b'), '', flags(BIND_REMOUNT, MS_RDONLY, MS_NOSUID), '');
    },
  },
  {
    name: 'a bind of a file, and of a link to one',
    run(t) {
      write(t, 'f', 'content');
      write(t, 'g');
      write(t, 'h');
      link(t, 'l', 'f');
      bind(t, 'f', 'g');
      readFile(t, 'g');
      bind(t, 'l', 'h');
      readFile(t, 'h');
      t.fails('EBUSY', 'unlinkat', CWD, W('g'), NO_AT);
      t.ok('unlinkat', CWD, W('f'), NO_AT);
      readFile(t, 'g');
      look(t, 'g');
    },
  },
  {
    name: 'a bind leaves out what is mounted below, a recursive one does not',
    run(t) {
      mkdir(t, 'a', 'a/m', 'b', 'c');
      tmpfs(t, 'a/m', 'inner');
      write(t, 'a/m/f');
      bind(t, 'a', 'b');
      rbind(t, 'a', 'c');
      look(t, 'b/m/f');
      look(t, 'c/m/f');
    },
  },
  {
    name: 'a recursive bind of a subdirectory takes only what is below that',
    run(t) {
      mkdir(t, 'a', 'a/x', 'a/y', 'a/x/m', 'a/y/m', 'b');
      tmpfs(t, 'a/x/m', 'x');
      tmpfs(t, 'a/y/m', 'y');
      rbind(t, 'a/x', 'b');
    },
  },
  {
    name: 'a bind onto itself makes a mount point, also recursively',
    run(t) {
      mkdir(t, 'a', 'a/m');
      tmpfs(t, 'a/m');
      bind(t, 'a', 'a');
      rbind(t, 'a', 'a');
      look(t, 'a');
      look(t, 'a/m');
    },
  },
  {
    name: 'the root of the world is bound like anything else',
    run(t) {
      mkdir(t, 'r', 'rr');
      t.ok('mount', '/' as never, W('r'), '', MS_BIND, '');
      t.ok('mount', '/' as never, W('rr'), '', flags(MS_BIND, MS_REC), '');
      look(t, 'rr/work');
    },
  },
  {
    name: 'a bind remount replaces all flags, and keeps the atime mode unless told',
    run(t) {
      mkdir(t, 'd');
      tmpfs(t, 'd', 'x', flags(MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME));
      t.ok('mount', '', W('d'), '', flags(BIND_REMOUNT, MS_RDONLY), '');
      t.ok('fstatfs', place(t, 'd'));
      t.ok('mount', '', W('d'), '', flags(BIND_REMOUNT, MS_STRICTATIME), '');
      t.ok('fstatfs', place(t, 'd'));
      t.ok('mount', '', W('d'), '', flags(BIND_REMOUNT, MS_NODIRATIME), '');
    },
  },
  {
    name: 'a bind remount does not reach what is mounted below',
    run(t) {
      mkdir(t, 'a');
      tmpfs(t, 'a', 'outer');
      mkdir(t, 'a/m');
      tmpfs(t, 'a/m', 'inner');
      t.ok('mount', '', W('a'), '', flags(BIND_REMOUNT, MS_RDONLY, MS_REC), '');
      t.fails('EROFS', 'mkdirat', CWD, W('a/x'), 0o755);
      t.ok('mkdirat', CWD, W('a/m/x'), 0o755);
    },
  },
  {
    name: 'a remount is of a mount point, not of a directory in it',
    run(t) {
      mkdir(t, 'd');
      t.fails('EINVAL', 'mount', '', W('d'), '', flags(BIND_REMOUNT, MS_RDONLY), '');
      t.fails('EINVAL', 'mount', '', W('d'), '', MS_REMOUNT, '');
      t.fails('EINVAL', 'mount', '', W('d'), '', MS_PRIVATE, '');
    },
  },
  {
    name: 'a remount changes the file system under all its mounts',
    run(t) {
      mkdir(t, 'a', 'b');
      tmpfs(t, 'a', 'x', NO_MS, 'size=1m');
      bind(t, 'a', 'b');
      t.ok('mount', '', W('a'), '', flags(MS_REMOUNT, MS_RDONLY), '');
      t.fails('EROFS', 'mkdirat', CWD, W('b/x'), 0o755);
      t.ok('fstatfs', place(t, 'b'));
      t.ok('mount', '', W('a'), '', flags(MS_REMOUNT, MS_NOSUID), 'size=2m,mode=700');
      t.ok('mkdirat', CWD, W('b/x'), 0o755);
      t.fails('EINVAL', 'mount', '', W('a'), '', MS_REMOUNT, 'nonsense');
      look(t, 'a');
    },
  },
  {
    name: 'on a read-only mount EEXIST and ENOENT come before EROFS',
    run(t) {
      mkdir(t, 'd', 'd/there', 'd/empty');
      write(t, 'd/f');
      link(t, 'd/l', 'f');
      bind(t, 'd', 'd');
      t.ok('mount', '', W('d'), '', flags(BIND_REMOUNT, MS_RDONLY), '');
      t.fails('EEXIST', 'mkdirat', CWD, W('d/there'), 0o755);
      t.fails('EROFS', 'mkdirat', CWD, W('d/new'), 0o755);
      t.fails('ENOENT', 'mkdirat', CWD, W('d/no/new'), 0o755);
      t.fails('EEXIST', 'symlinkat', 'x', CWD, W('d/l'));
      t.fails('EROFS', 'symlinkat', 'x', CWD, W('d/m'));
      t.fails('EEXIST', 'mknodat', CWD, W('d/f'), 0o010644, NO_DEVICE);
      t.fails('EROFS', 'mknodat', CWD, W('d/p'), 0o010644, NO_DEVICE);
      t.fails('EROFS', 'unlinkat', CWD, W('d/f'), NO_AT);
      t.fails('EROFS', 'unlinkat', CWD, W('d/no'), NO_AT);
      t.fails('EROFS', 'unlinkat', CWD, W('d/empty'), AT_REMOVEDIR);
    },
  },
  {
    name: 'opening, chmod, chown and times on a read-only mount',
    run(t) {
      mkdir(t, 'd');
      write(t, 'd/f', 'x');
      bind(t, 'd', 'd');
      t.ok('mount', '', W('d'), '', flags(BIND_REMOUNT, MS_RDONLY), '');
      t.fails('EROFS', 'openat2', CWD, W('d/f'), how(O_WRONLY));
      t.fails('EROFS', 'openat2', CWD, W('d/f'), how(O_RDWR));
      t.fails('EROFS', 'openat2', CWD, W('d/new'), CREATE);
      t.do('openat2', CWD, W('d/f'), CREATE);
      t.fails('EEXIST', 'openat2', CWD, W('d/f'), { flags: flags(O_CREAT, O_EXCL), mode: 0o644 });
      readFile(t, 'd/f');
      const fd = t.open('openat2', CWD, W('d/f'), how());
      t.fails('EROFS', 'fchmod', fd, 0o600);
      t.fails('EROFS', 'fchownat', CWD, W('d/f'), 0, 0, NO_AT);
      t.fails(
        'EROFS',
        'utimensat',
        CWD,
        W('d/f'),
        [
          { sec: 1n, nsec: 2 },
          { sec: 3n, nsec: 4 },
        ],
        NO_AT,
      );
    },
  },
  {
    name: 'devices and fifos can be written to on a read-only mount',
    caller: 'root',
    run(t) {
      mkdir(t, 'd');
      t.ok('mknodat', CWD, W('d/null'), 0o020666, { major: 1, minor: 3 });
      t.ok('mknodat', CWD, W('d/p'), 0o010666, NO_DEVICE);
      bind(t, 'd', 'd');
      t.ok('mount', '', W('d'), '', flags(BIND_REMOUNT, MS_RDONLY), '');
      t.ok('write', t.open('openat2', CWD, W('d/null'), how(O_WRONLY)), Uint8Array.of(1));
      t.ok('openat2', CWD, W('d/p'), how(O_RDWR));
    },
  },
  {
    name: 'devices are dead on a nodev mount',
    caller: 'root',
    run(t) {
      mkdir(t, 'd');
      tmpfs(t, 'd', 'x', MS_NODEV);
      t.ok('mknodat', CWD, W('d/null'), 0o020666, { major: 1, minor: 3 });
      t.fails('EACCES', 'openat2', CWD, W('d/null'), how(O_WRONLY));
      t.ok('openat2', CWD, W('d/null'), how(O_PATH));
    },
  },
  {
    name: 'what is open for writing keeps a mount from becoming read-only',
    run(t) {
      mkdir(t, 'd');
      tmpfs(t, 'd');
      const fd = t.open('openat2', CWD, W('d/f'), CREATE);
      t.fails('EBUSY', 'mount', '', W('d'), '', flags(BIND_REMOUNT, MS_RDONLY), '');
      t.fails('EBUSY', 'mount', '', W('d'), '', flags(MS_REMOUNT, MS_RDONLY), '');
      t.ok('close', fd);
      t.ok('mount', '', W('d'), '', flags(BIND_REMOUNT, MS_RDONLY), '');
    },
  },
  {
    name: 'a removed file that is open keeps a file system from becoming read-only',
    run(t) {
      mkdir(t, 'd');
      tmpfs(t, 'd');
      write(t, 'd/f');
      const fd = t.open('openat2', CWD, W('d/f'), how());
      t.ok('unlinkat', CWD, W('d/f'), NO_AT);
      t.fails('EBUSY', 'mount', '', W('d'), '', flags(MS_REMOUNT, MS_RDONLY), '');
      t.ok('mount', '', W('d'), '', flags(BIND_REMOUNT, MS_RDONLY), '');
      t.ok('close', fd);
      t.ok('mount', '', W('d'), '', flags(MS_REMOUNT, MS_RDONLY), '');
    },
  },
  {
    name: 'a mount point cannot be removed, its parent neither',
    run(t) {
      mkdir(t, 'a', 'a/b', 'c');
      tmpfs(t, 'a/b');
      bind(t, 'a', 'c');
      t.fails('EBUSY', 'unlinkat', CWD, W('a/b'), AT_REMOVEDIR);
      t.fails('EBUSY', 'unlinkat', CWD, W('c/b'), AT_REMOVEDIR);
      t.fails('ENOTEMPTY', 'unlinkat', CWD, W('a'), AT_REMOVEDIR);
      t.ok('umount2', W('a/b'), MNT_DETACH);
      t.ok('unlinkat', CWD, W('c/b'), AT_REMOVEDIR);
      t.fails('ENOENT', 'unlinkat', CWD, W('a/b'), AT_REMOVEDIR);
    },
  },
  {
    name: 'a bind of a directory that was removed',
    run(t) {
      mkdir(t, 'a', 'b');
      bind(t, 'a', 'b');
      t.ok('unlinkat', CWD, W('a'), AT_REMOVEDIR);
      t.fails('ENOENT', 'mkdirat', CWD, W('b/x'), 0o755);
      look(t, 'b');
      t.fails('ENOENT', 'mount', named('tmpfs'), W('b'), 'tmpfs', NO_MS, '');
    },
  },
  {
    name: 'mounts by descriptor go where the descriptor is, and onto what covers it',
    run(t) {
      mkdir(t, 'd');
      const fd = place(t, 'd');
      t.ok('mount', named('one'), { fd }, 'tmpfs', NO_MS, '');
      t.ok('mount', named('two'), { fd }, 'tmpfs', NO_MS, '');
      const covered = t.open('openat2', CWD, W('d'), how(O_PATH, O_DIRECTORY));
      mkdir(t, 'e');
      t.ok('mount', { fd: covered }, W('e'), '', MS_BIND, '');
      t.ok('mount', { fd }, W('e'), '', MS_BIND, '');
      t.ok('umount2', { fd }, MNT_DETACH);
      t.ok('umount2', { fd }, MNT_DETACH);
      t.fails('EINVAL', 'umount2', { fd }, MNT_DETACH);
    },
  },
  {
    name: 'a source and a target that are the same place, in a shared mount',
    run(t) {
      mkdir(t, 'a');
      tmpfs(t, 'a');
      t.ok('mount', '', W('a'), '', MS_SHARED, '');
      mkdir(t, 'a/in');
      bind(t, 'a', 'a/in');
      rbind(t, 'a', 'a/in');
    },
  },
];
