import {
  AT_EMPTY_PATH,
  AT_REMOVEDIR,
  AT_SYMLINK_NOFOLLOW,
  O_APPEND,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFREG,
  S_IFSOCK,
  STATX_BASIC_STATS,
  type AtFlags,
} from '../../../src/syscalls/file-flags.js';
import { flags } from '../../../src/syscalls/flags.js';
import type { ContractCase } from '../contract-case.js';
import {
  CREATE,
  CWD,
  how,
  link,
  look,
  mkdir,
  NO_AT,
  PATH_ONLY,
  place,
  raw,
  READ,
  READ_DIR,
  readFile,
  W,
  write,
} from './kit.js';

const NO_DEVICE = { major: 0, minor: 0 };
const BYTES = new TextEncoder().encode('abc');

/** Making, reading, changing and removing files. */
export const FILES: readonly ContractCase[] = [
  {
    name: 'mkdirat applies the umask, and umask tells the one before',
    run(t) {
      t.do('umask', 0o077);
      t.ok('mkdirat', CWD, W('a'), 0o777);
      t.do('umask', 0o000);
      t.ok('mkdirat', CWD, W('b'), 0o1777);
      look(t, 'a');
      t.do('umask', 0o022);
    },
  },
  {
    name: 'mkdirat gives EEXIST for whatever is there',
    run(t) {
      mkdir(t, 'a');
      write(t, 'f');
      link(t, 'dangling', 'nowhere');
      for (const name of ['a', 'f', 'dangling']) t.fails('EEXIST', 'mkdirat', CWD, W(name), 0o755);
      t.fails('EEXIST', 'mkdirat', CWD, raw('/'), 0o755);
      t.fails('EEXIST', 'mkdirat', CWD, raw('.'), 0o755);
      t.fails('EEXIST', 'mkdirat', CWD, raw('..'), 0o755);
    },
  },
  {
    name: 'mkdirat takes a slash at the end, mknodat and symlinkat do not',
    run(t) {
      t.ok('mkdirat', CWD, raw('/work/a/'), 0o755);
      t.fails('ENOENT', 'mknodat', CWD, raw('/work/n/'), S_IFIFO | 0o644, NO_DEVICE);
      t.fails('ENOENT', 'symlinkat', 'x', CWD, raw('/work/l/'));
    },
  },
  {
    name: 'a missing or wrong directory above',
    run(t) {
      write(t, 'f');
      t.fails('ENOENT', 'mkdirat', CWD, W('no/a'), 0o755);
      t.fails('ENOTDIR', 'mkdirat', CWD, W('f/a'), 0o755);
      t.fails('ENOENT', 'mkdirat', CWD, raw(''), 0o755);
    },
  },
  {
    name: 'names and paths that are too long',
    run(t) {
      t.fails('ENAMETOOLONG', 'mkdirat', CWD, W('x'.repeat(256)), 0o755);
      t.ok('mkdirat', CWD, W('x'.repeat(255)), 0o755);
      t.fails('ENAMETOOLONG', 'mkdirat', CWD, raw(`/${'x/'.repeat(2048)}`), 0o755);
    },
  },
  {
    name: 'mknodat makes files, fifos and sockets',
    run(t) {
      t.ok('mknodat', CWD, W('file'), S_IFREG | 0o666, NO_DEVICE);
      t.ok('mknodat', CWD, W('untyped'), 0o640, NO_DEVICE);
      t.ok('mknodat', CWD, W('fifo'), S_IFIFO | 0o666, NO_DEVICE);
      t.ok('mknodat', CWD, W('socket'), S_IFSOCK | 0o777, NO_DEVICE);
      t.fails('EPERM', 'mknodat', CWD, W('dir'), S_IFDIR | 0o755, NO_DEVICE);
      t.fails('EINVAL', 'mknodat', CWD, W('odd'), 0o170000, NO_DEVICE);
    },
  },
  {
    name: 'mknodat makes device nodes for those who may',
    run(t) {
      t.do('mknodat', CWD, W('null'), S_IFCHR | 0o666, { major: 1, minor: 3 });
      t.do('mknodat', CWD, W('whiteout'), S_IFCHR, NO_DEVICE);
      t.do('mknodat', CWD, W('null'), S_IFCHR | 0o666, { major: 1, minor: 3 });
    },
  },
  {
    name: 'a device node works where devices do',
    caller: 'root',
    run(t) {
      t.ok('mknodat', CWD, W('null'), S_IFCHR | 0o666, { major: 1, minor: 3 });
      const fd = t.open('openat2', CWD, W('null'), how(O_RDWR));
      t.ok('write', fd, BYTES);
      t.ok('read', fd, 10);
    },
  },
  {
    name: 'the zero and null devices of the world',
    run(t) {
      const zero = t.open('openat2', CWD, raw('/dev/zero'), how(O_RDWR));
      t.ok('read', zero, 4);
      t.ok('write', zero, BYTES);
      const nul = t.open('openat2', CWD, raw('/dev/null'), how(O_RDWR));
      t.ok('read', nul, 4);
      t.ok('write', nul, BYTES);
    },
  },
  {
    name: 'symlinkat, and readlinkat of links and others',
    run(t) {
      link(t, 'l', '/somewhere/else');
      t.fails('EEXIST', 'symlinkat', 'x', CWD, W('l'));
      t.fails('ENOENT', 'symlinkat', '', CWD, W('m'));
      t.ok('readlinkat', CWD, W('l'));
      mkdir(t, 'd');
      t.fails('EINVAL', 'readlinkat', CWD, W('d'));
      t.fails('ENOENT', 'readlinkat', CWD, W('no'));
      const fd = t.open('openat2', CWD, W('l'), how(O_PATH, O_NOFOLLOW));
      t.ok('readlinkat', fd, '');
      t.fails('ENOENT', 'readlinkat', place(t, 'd'), '');
    },
  },
  {
    name: 'unlinkat of files and directories',
    run(t) {
      mkdir(t, 'd', 'd/e');
      write(t, 'f');
      t.fails('EISDIR', 'unlinkat', CWD, W('d'), NO_AT);
      t.fails('ENOTDIR', 'unlinkat', CWD, W('f'), AT_REMOVEDIR);
      t.fails('ENOTEMPTY', 'unlinkat', CWD, W('d'), AT_REMOVEDIR);
      t.ok('unlinkat', CWD, W('d/e'), AT_REMOVEDIR);
      t.ok('unlinkat', CWD, W('d'), AT_REMOVEDIR);
      t.ok('unlinkat', CWD, W('f'), NO_AT);
      t.fails('ENOENT', 'unlinkat', CWD, W('f'), NO_AT);
      t.fails('EINVAL', 'unlinkat', CWD, W('f'), AT_EMPTY_PATH);
    },
  },
  {
    name: 'unlinkat of names that are none',
    run(t) {
      mkdir(t, 'd');
      write(t, 'f');
      t.fails('EINVAL', 'unlinkat', CWD, raw('/work/d/.'), AT_REMOVEDIR);
      t.fails('ENOTEMPTY', 'unlinkat', CWD, raw('/work/d/..'), AT_REMOVEDIR);
      t.fails('EBUSY', 'unlinkat', CWD, raw('/'), AT_REMOVEDIR);
      t.fails('EISDIR', 'unlinkat', CWD, raw('/work/d/.'), NO_AT);
      t.fails('ENOTDIR', 'unlinkat', CWD, raw('/work/f/'), NO_AT);
      t.fails('EISDIR', 'unlinkat', CWD, raw('/work/d/'), NO_AT);
      t.ok('unlinkat', CWD, raw('/work/d/'), AT_REMOVEDIR);
    },
  },
  {
    name: 'unlinkat removes a link and not what it leads to',
    run(t) {
      write(t, 'f', 'kept');
      mkdir(t, 'd');
      link(t, 'l', 'f');
      link(t, 'm', 'd');
      t.ok('unlinkat', CWD, W('l'), NO_AT);
      t.fails('ENOTDIR', 'unlinkat', CWD, W('m'), AT_REMOVEDIR);
      t.fails('ENOTDIR', 'unlinkat', CWD, raw('/work/m/'), AT_REMOVEDIR);
      readFile(t, 'f');
    },
  },
  {
    name: 'openat2 creates, with umask, and only then takes a mode',
    run(t) {
      t.do('umask', 0o027);
      t.ok(
        'close',
        t.open('openat2', CWD, W('f'), { flags: flags(O_CREAT, O_WRONLY), mode: 0o666 }),
      );
      t.fails('EINVAL', 'openat2', CWD, W('f'), { flags: O_RDONLY, mode: 0o644 });
      t.fails('EEXIST', 'openat2', CWD, W('f'), { flags: flags(O_CREAT, O_EXCL), mode: 0o644 });
      look(t, 'f');
    },
  },
  {
    name: 'openat2 creates through a dangling link, but not exclusively',
    run(t) {
      link(t, 'l', 'target');
      t.fails('EEXIST', 'openat2', CWD, W('l'), {
        flags: flags(O_CREAT, O_EXCL, O_WRONLY),
        mode: 0o600,
      });
      t.fails('ELOOP', 'openat2', CWD, W('l'), {
        flags: flags(O_CREAT, O_NOFOLLOW, O_WRONLY),
        mode: 0o600,
      });
      t.ok(
        'close',
        t.open('openat2', CWD, W('l'), { flags: flags(O_CREAT, O_WRONLY), mode: 0o600 }),
      );
      look(t, 'target');
    },
  },
  {
    name: 'openat2 and directories',
    run(t) {
      mkdir(t, 'd');
      t.fails('EISDIR', 'openat2', CWD, W('d'), how(O_WRONLY));
      t.fails('EISDIR', 'openat2', CWD, W('d'), CREATE);
      t.fails('EISDIR', 'openat2', CWD, raw('/work/new/'), CREATE);
      t.fails('EISDIR', 'openat2', CWD, raw('/work/d/.'), CREATE);
      t.fails('EISDIR', 'openat2', CWD, raw('..'), CREATE);
      write(t, 'f');
      t.fails('ENOTDIR', 'openat2', CWD, W('f'), READ_DIR);
      t.fails('ENOTDIR', 'openat2', CWD, raw('/work/f/'), READ);
      t.fails('EISDIR', 'read', t.open('openat2', CWD, W('d'), READ), 10);
    },
  },
  {
    name: 'openat2 refuses what open would ignore',
    run(t) {
      mkdir(t, 'd');
      t.fails('EINVAL', 'openat2', CWD, W('d'), how(O_PATH, O_RDWR));
      t.fails('EINVAL', 'openat2', CWD, W('n'), {
        flags: flags(O_CREAT, READ_DIR.flags),
        mode: 0o644,
      });
      t.fails('EINVAL', 'openat2', CWD, W('d'), { flags: O_RDONLY, resolve: 0x8000 as never });
      t.fails('EINVAL', 'openat2', CWD, W('d'), { flags: O_RDONLY, resolve: 0x18 as never });
    },
  },
  {
    name: 'links that are opened themselves',
    run(t) {
      link(t, 'l', 'd');
      mkdir(t, 'd');
      t.fails('ELOOP', 'openat2', CWD, W('l'), how(O_NOFOLLOW));
      t.fails('ENOTDIR', 'openat2', CWD, W('l'), how(O_NOFOLLOW, READ_DIR.flags));
      t.fails('ENOTDIR', 'openat2', CWD, W('l'), how(O_NOFOLLOW, O_PATH, READ_DIR.flags));
      const fd = t.open('openat2', CWD, W('l'), how(O_PATH, O_NOFOLLOW));
      t.ok('statx', fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
      t.ok('close', t.open('openat2', CWD, raw('/work/l/'), how(O_NOFOLLOW)));
    },
  },
  {
    name: 'reading and writing keep an offset; appending goes to the end',
    run(t) {
      const fd = t.open('openat2', CWD, W('f'), CREATE);
      t.ok('write', fd, BYTES);
      t.ok('read', fd, 10);
      const again = t.open('openat2', CWD, W('f'), how(O_RDWR, O_APPEND));
      t.ok('read', again, 2);
      t.ok('write', again, BYTES);
      t.ok('read', again, 10);
      readFile(t, 'f');
      t.ok('close', t.open('openat2', CWD, W('f'), how(O_WRONLY, O_TRUNC)));
      look(t, 'f');
    },
  },
  {
    name: 'descriptors are only good for what they were opened for',
    run(t) {
      write(t, 'f', 'content');
      t.fails('EBADF', 'write', t.open('openat2', CWD, W('f'), READ), BYTES);
      t.fails('EBADF', 'read', t.open('openat2', CWD, W('f'), how(O_WRONLY)), 10);
      const fd = place(t, 'f');
      t.fails('EBADF', 'read', fd, 10);
      t.fails('EBADF', 'write', fd, BYTES);
      t.fails('EBADF', 'fchmod', fd, 0o600);
      t.fails('EBADF', 'getdents64', place(t, ''));
      t.ok('fstatfs', fd);
      t.ok('statx', fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
      t.fails('ENOTDIR', 'fchdir', fd);
    },
  },
  {
    name: 'getdents64 tells names and types, once',
    run(t) {
      mkdir(t, 'd');
      write(t, 'f');
      link(t, 'l', 'f');
      t.ok('mknodat', CWD, W('p'), S_IFIFO | 0o600, NO_DEVICE);
      const fd = t.open('openat2', CWD, W(''), READ_DIR);
      t.ok('getdents64', fd);
      t.ok('getdents64', fd);
      t.fails('ENOTDIR', 'getdents64', t.open('openat2', CWD, W('f'), READ));
    },
  },
  {
    name: 'a directory that was removed while open',
    run(t) {
      mkdir(t, 'd');
      const fd = t.open('openat2', CWD, W('d'), READ_DIR);
      t.ok('unlinkat', CWD, W('d'), AT_REMOVEDIR);
      t.fails('ENOENT', 'mkdirat', fd, raw('x'), 0o755);
      t.fails('ENOENT', 'openat2', fd, raw('x'), CREATE);
      t.do('getdents64', fd);
      t.ok('statx', fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
      t.ok('openat2', fd, raw('.'), PATH_ONLY);
    },
  },
  {
    name: 'a file that was removed while open',
    run(t) {
      const fd = t.open('openat2', CWD, W('f'), CREATE);
      t.ok('unlinkat', CWD, W('f'), NO_AT);
      t.ok('write', fd, BYTES);
      t.ok('statx', fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
    },
  },
  {
    name: 'statx follows links or not, and knows its flags',
    run(t) {
      link(t, 'l', 'nowhere');
      look(t, 'l', AT_SYMLINK_NOFOLLOW);
      t.fails('ENOENT', 'statx', CWD, W('l'), NO_AT, STATX_BASIC_STATS);
      t.fails('ENOENT', 'statx', CWD, '', NO_AT, STATX_BASIC_STATS);
      t.ok('statx', CWD, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
      t.fails('EINVAL', 'statx', CWD, W(''), 0x40 as AtFlags, STATX_BASIC_STATS);
      look(t, '');
    },
  },
  {
    name: 'fchmod changes permission bits',
    run(t) {
      const fd = t.open('openat2', CWD, W('f'), CREATE);
      t.ok('fchmod', fd, 0o4751);
      look(t, 'f');
      mkdir(t, 'd');
      t.ok('fchmod', t.open('openat2', CWD, W('d'), READ_DIR), 0o3770);
      look(t, 'd');
    },
  },
  {
    name: 'fchownat changes owners where it may, and drops set-user-ID',
    run(t) {
      const fd = t.open('openat2', CWD, W('f'), CREATE);
      t.ok('fchmod', fd, 0o6771);
      t.do('fchownat', CWD, W('f'), 1000, -1, NO_AT);
      look(t, 'f');
      t.do('fchownat', CWD, W('f'), -1, 1001, NO_AT);
      t.do('fchownat', fd, '', 0, 0, AT_EMPTY_PATH);
      t.fails('EINVAL', 'fchownat', fd, '', 0, 0, AT_REMOVEDIR);
      link(t, 'l', 'f');
      t.do('fchownat', CWD, W('l'), 0, 5, AT_SYMLINK_NOFOLLOW);
      look(t, 'l', AT_SYMLINK_NOFOLLOW);
    },
  },
  {
    name: 'a set-group-ID directory passes its group on',
    caller: 'root',
    run(t) {
      mkdir(t, 'd');
      t.ok('fchownat', CWD, W('d'), -1, 77, NO_AT);
      t.ok('fchmod', t.open('openat2', CWD, W('d'), READ_DIR), 0o2777);
      mkdir(t, 'd/sub');
      write(t, 'd/f');
      look(t, 'd/sub');
      look(t, 'd/f');
    },
  },
  {
    name: 'utimensat sets times and refuses odd ones',
    run(t) {
      write(t, 'f');
      t.ok(
        'utimensat',
        CWD,
        W('f'),
        [
          { sec: 1n, nsec: 2 },
          { sec: 3n, nsec: 4 },
        ],
        NO_AT,
      );
      const stat = t.ok('statx', CWD, W('f'), NO_AT, STATX_BASIC_STATS);
      t.note(
        `atime ${stat.atime.sec}.${stat.atime.nsec} mtime ${stat.mtime.sec}.${stat.mtime.nsec}`,
      );
      t.fails(
        'EINVAL',
        'utimensat',
        CWD,
        W('f'),
        [
          { sec: 1n, nsec: 1_000_000_000 },
          { sec: 3n, nsec: 4 },
        ],
        NO_AT,
      );
      t.fails(
        'ENOENT',
        'utimensat',
        CWD,
        W('no'),
        [
          { sec: 1n, nsec: 2 },
          { sec: 3n, nsec: 4 },
        ],
        NO_AT,
      );
    },
  },
  {
    name: 'fifos and sockets when they are opened',
    run(t) {
      t.ok('mknodat', CWD, W('p'), S_IFIFO | 0o666, NO_DEVICE);
      t.ok('mknodat', CWD, W('s'), S_IFSOCK | 0o666, NO_DEVICE);
      t.ok('close', t.open('openat2', CWD, W('p'), how(O_RDONLY, O_NONBLOCK)));
      t.fails('ENXIO', 'openat2', CWD, W('p'), how(O_WRONLY, O_NONBLOCK));
      t.ok('close', t.open('openat2', CWD, W('p'), how(O_RDWR)));
      t.fails('ENXIO', 'openat2', CWD, W('s'), how(O_RDONLY));
      t.ok('close', t.open('openat2', CWD, W('s'), how(O_PATH)));
    },
  },
];
