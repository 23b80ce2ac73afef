import { O_RDONLY, O_RDWR } from '../../../src/syscalls/file-flags.js';
import { flags } from '../../../src/syscalls/flags.js';
import {
  FSCONFIG_CMD_CREATE,
  FSCONFIG_CMD_CREATE_EXCL,
  FSCONFIG_SET_FD,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MNT_DETACH,
  MOVE_MOUNT_F_EMPTY_PATH,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_RDONLY,
  MS_REMOUNT,
} from '../../../src/syscalls/mount-flags.js';
import type { ContractCase } from '../contract-case.js';
import {
  attach,
  CREATE,
  CWD,
  how,
  link,
  look,
  mkdir,
  named,
  NO_ATTR,
  NO_MS,
  place,
  raw,
  readFile,
  tmpfs,
  W,
  write,
} from './kit.js';

const QUIET = flags(MS_NOSUID, MS_NODEV, MS_NOEXEC);

/** The file systems that a root is made of. */
export const FILE_SYSTEMS: readonly ContractCase[] = [
  {
    name: "proc, where the PID namespace is one's own to mount",
    run(t) {
      mkdir(t, 'proc');
      t.do('mount', named('proc'), W('proc'), 'proc', QUIET, '');
      t.do('fstatfs', place(t, 'proc'));
      t.do('readlinkat', CWD, W('proc/mounts'));
    },
  },
  {
    name: 'proc and its options',
    caller: 'root',
    run(t) {
      for (const data of ['subset=pid', 'hidepid=2', 'hidepid=invisible,gid=5', 'hidepid=off']) {
        mkdir(t, data);
        t.ok('mount', named('proc'), W(data), 'proc', QUIET, data);
      }
      t.do('statx', CWD, W('subset=pid/sys'), 0 as never, 0 as never);
      t.do('statx', CWD, W('subset=pid/self/ns'), 0 as never, 0 as never);
      mkdir(t, 'd');
      for (const data of ['subset=all', 'hidepid=3', 'hidepid=9', 'nonsense']) {
        t.fails('EINVAL', 'mount', named('proc'), W('d'), 'proc', QUIET, data);
      }
    },
  },
  {
    name: 'nothing can be made in proc',
    caller: 'root',
    run(t) {
      mkdir(t, 'proc');
      t.ok('mount', named('proc'), W('proc'), 'proc', QUIET, '');
      t.fails('ENOENT', 'mkdirat', CWD, W('proc/x'), 0o755);
      t.fails('ENOENT', 'symlinkat', 'x', CWD, W('proc/x'));
      t.fails('ENOENT', 'openat2', CWD, W('proc/x'), CREATE);
      t.fails('EEXIST', 'mkdirat', CWD, W('proc/self'), 0o755);
    },
  },
  {
    name: 'proc of a PID namespace that is given by descriptor (Linux 6.17)',
    caller: 'root',
    run(t) {
      mkdir(t, 'proc');
      const pidns = t.open('openat2', CWD, raw('/proc/thread-self/ns/pid'), how(O_RDONLY));
      const context = t.open('fsopen', 'proc', FSOPEN_CLOEXEC);
      t.do('fsconfig', context, FSCONFIG_SET_FD, 'pidns', null, pidns);
      t.do('fsconfig', context, FSCONFIG_CMD_CREATE, null, null, 0);
      attach(t, t.open('fsmount', context, FSMOUNT_CLOEXEC, NO_ATTR), 'proc');
      t.do('statx', CWD, W('proc/self/mountinfo'), 0 as never, 0 as never);
    },
  },
  {
    name: 'a pidns of proc that is something else',
    caller: 'root',
    run(t) {
      const uts = t.open('openat2', CWD, raw('/proc/thread-self/ns/uts'), how(O_RDONLY));
      const context = t.open('fsopen', 'proc', FSOPEN_CLOEXEC);
      t.fails('EINVAL', 'fsconfig', context, FSCONFIG_SET_FD, 'pidns', null, uts);
      t.fails('EINVAL', 'fsconfig', context, FSCONFIG_SET_FD, 'pidns', null, place(t, ''));
      t.fails('EBADF', 'fsconfig', context, FSCONFIG_SET_FD, 'pidns', null, 9999);
      t.fails('EINVAL', 'fsconfig', context, FSCONFIG_SET_STRING, 'nonsense', 'x', 0);
    },
  },
  {
    name: "sysfs, where the network namespace is one's own",
    run(t) {
      mkdir(t, 'sys', 'again');
      t.do('mount', named('sysfs'), W('sys'), 'sysfs', flags(QUIET, MS_RDONLY), '');
      t.do('mount', named('sysfs'), W('sys'), 'sysfs', QUIET, '');
      t.do('mount', named('sysfs'), W('again'), 'sysfs', QUIET, '');
      t.do('fsopen', 'sysfs', FSOPEN_CLOEXEC);
      t.do('fstatfs', place(t, 'sys'));
    },
  },
  {
    name: 'sysfs is one file system, mounted often',
    caller: 'root',
    run(t) {
      mkdir(t, 'a');
      t.ok('mount', named('sysfs'), W('a'), 'sysfs', QUIET, '');
      t.fails('EBUSY', 'mount', named('sysfs'), W('a'), 'sysfs', QUIET, '');
      t.fails('EPERM', 'mkdirat', CWD, W('a/x'), 0o755);
      t.fails('EACCES', 'openat2', CWD, W('a/x'), CREATE);
      t.fails('EPERM', 'symlinkat', 'x', CWD, W('a/x'));
      t.fails('EINVAL', 'mount', named('sysfs'), W('a'), 'sysfs', QUIET, 'nonsense');
    },
  },
  {
    name: 'an exclusive file system is one that nobody has mounted yet (Linux 6.6)',
    caller: 'root',
    run(t) {
      for (const type of ['tmpfs', 'sysfs', 'proc']) {
        const context = t.open('fsopen', type, FSOPEN_CLOEXEC);
        t.do('fsconfig', context, FSCONFIG_CMD_CREATE_EXCL, null, null, 0);
      }
    },
  },
  {
    name: "mqueue, where the IPC namespace is one's own",
    run(t) {
      mkdir(t, 'mq');
      t.do('mount', named('mqueue'), W('mq'), 'mqueue', QUIET, '');
      look(t, 'mq');
      t.do('fstatfs', place(t, 'mq'));
    },
  },
  {
    name: "cgroup2, where the cgroup namespace is one's own",
    run(t) {
      mkdir(t, 'cg');
      t.do('mount', named('cgroup2'), W('cg'), 'cgroup2', QUIET, '');
      t.do('fstatfs', place(t, 'cg'));
      t.do('statx', CWD, W('cg/cgroup.procs'), 0 as never, 0 as never);
    },
  },
  {
    name: 'devpts and groups that are mapped or not',
    run(t) {
      mkdir(t, 'pts', 'again');
      t.do(
        'mount',
        named('devpts'),
        W('pts'),
        'devpts',
        NO_MS,
        'newinstance,ptmxmode=0666,mode=620,gid=5',
      );
      t.do(
        'mount',
        named('devpts'),
        W('again'),
        'devpts',
        NO_MS,
        'newinstance,ptmxmode=0666,mode=620,gid=0',
      );
      t.do('mount', named('devpts'), W('again'), 'devpts', NO_MS, 'nonsense');
      t.do('mount', named('devpts'), W('again'), 'devpts', NO_MS, 'mode=9');
      look(t, 'again/ptmx');
      t.do('fstatfs', place(t, 'again'));
    },
  },
  {
    name: 'a remount of devpts changes what it shows',
    run(t) {
      mkdir(t, 'pts');
      t.ok('mount', named('devpts'), W('pts'), 'devpts', MS_NOSUID, 'ptmxmode=0000');
      t.ok('mount', '', W('pts'), '', flags(MS_REMOUNT, MS_NOSUID), 'ptmxmode=0666,mode=620');
      look(t, 'pts/ptmx');
    },
  },
  {
    name: 'ramfs takes no notice of options it does not know',
    run(t) {
      mkdir(t, 'd');
      t.ok('mount', named('ramfs'), W('d'), 'ramfs', NO_MS, 'nonsense,mode=700');
      look(t, 'd');
      t.ok('fstatfs', place(t, 'd'));
    },
  },
  {
    name: 'an overlay merges its layers',
    caller: 'root',
    run(t) {
      mkdir(t, 'l1', 'l1/d', 'l2', 'l2/d', 'u', 'w', 'm');
      write(t, 'l1/f', 'upper of the lower');
      write(t, 'l2/f', 'hidden');
      write(t, 'l2/g', 'from below');
      write(t, 'l1/d/one');
      write(t, 'l2/d/two');
      write(t, 'u/h', 'from above');
      link(t, 'l2/l', 'g');
      t.ok('mknodat', CWD, W('l2/gone'), 0o100644, { major: 0, minor: 0 });
      t.ok('mknodat', CWD, W('u/gone'), 0o020000, { major: 0, minor: 0 });
      t.ok(
        'mount',
        named('overlay'),
        W('m'),
        'overlay',
        NO_MS,
        'lowerdir=/work/l1:/work/l2,upperdir=/work/u,workdir=/work/w,userxattr',
      );
      readFile(t, 'm/f');
      readFile(t, 'm/g');
      readFile(t, 'm/h');
      readFile(t, 'm/l');
      look(t, 'm/d/one');
      look(t, 'm/d/two');
      look(t, 'm/gone');
      t.ok('getdents64', t.open('openat2', CWD, W('m/d'), how(O_RDONLY)));
      t.ok('fstatfs', place(t, 'm'));
      t.ok('umount2', W('m'), MNT_DETACH);
    },
  },
  {
    name: 'an overlay takes what is written in its view',
    caller: 'root',
    run(t) {
      mkdir(t, 'l', 'u', 'w', 'm');
      write(t, 'l/f', 'below');
      t.ok(
        'mount',
        named('overlay'),
        W('m'),
        'overlay',
        NO_MS,
        'lowerdir=/work/l,upperdir=/work/u,workdir=/work/w,userxattr',
      );
      const fd = t.open('openat2', CWD, W('m/f'), how(O_RDWR));
      t.ok('write', fd, new TextEncoder().encode('ABOVE'));
      t.ok('close', fd);
      readFile(t, 'm/f');
      readFile(t, 'l/f');
      mkdir(t, 'm/new');
      t.ok('unlinkat', CWD, W('m/f'), 0 as never);
      look(t, 'm/f');
      look(t, 'l/f');
      // What lands in the upper directory is not modelled: nothing of it is looked at.
      for (const layer of ['u', 'w', 'm']) tmpfs(t, layer);
    },
  },
  {
    name: 'an overlay without an upper layer cannot be written to',
    caller: 'root',
    run(t) {
      mkdir(t, 'l1', 'l2', 'm');
      write(t, 'l1/f', 'x');
      t.ok(
        'mount',
        named('overlay'),
        W('m'),
        'overlay',
        NO_MS,
        'lowerdir=/work/l1:/work/l2,userxattr',
      );
      t.fails('EROFS', 'mkdirat', CWD, W('m/x'), 0o755);
      readFile(t, 'm/f');
    },
  },
  {
    name: 'layers of an overlay with odd names',
    caller: 'root',
    run(t) {
      mkdir(t, 'a:b', 'c,d', 'e\\f', 'u:,\\x', 'w:,\\x', 'm');
      write(t, 'a:b/one', '1');
      write(t, 'c,d/two', '2');
      write(t, 'e\\f/three', '3');
      const escape = (path: string): string => path.replaceAll('\\', '\\\\');
      const overlay = (...options: readonly (readonly [string, string])[]): void => {
        const context = t.open('fsopen', 'overlay', FSOPEN_CLOEXEC);
        for (const [key, value] of options)
          t.do('fsconfig', context, FSCONFIG_SET_STRING, key, value, 0);
        t.do('fsconfig', context, FSCONFIG_CMD_CREATE, null, null, 0);
        const tree = t.open('fsmount', context, FSMOUNT_CLOEXEC, NO_ATTR);
        t.do('move_mount', tree, '', CWD, W('m'), MOVE_MOUNT_F_EMPTY_PATH);
        for (const name of ['one', 'two', 'three']) look(t, `m/${name}`);
      };
      const upper = [
        ['upperdir', escape('/work/u:,\\x')],
        ['workdir', escape('/work/w:,\\x')],
        ['userxattr', ''],
      ] as const;
      const layers = ['/work/a:b', '/work/c,d', '/work/e\\f'];
      // Added one by one they are taken as they are (Linux 6.8), in one list they are escaped.
      overlay(...layers.map((path) => ['lowerdir+', path] as const), upper[0], upper[1]);
      t.ok('umount2', W('m'), MNT_DETACH);
      const list = layers.map((path) => path.replace(/[\\:]/g, '\\$&')).join(':');
      overlay(['lowerdir', list], ['volatile', ''], upper[0], upper[1]);
      overlay(['upperdir', '/work/u:,\\x']);
      overlay(['lowerdir+', `/work/${'x'.repeat(256)}`]);
    },
  },
  {
    name: 'what an overlay keeps in attributes',
    caller: 'root',
    run(t) {
      mkdir(t, 'l', 'u', 'w', 'm');
      const layers = 'lowerdir=/work/l,upperdir=/work/u,workdir=/work/w';
      for (const data of [
        'metacopy=on,userxattr',
        'redirect_dir=on,userxattr',
        'redirect_dir=follow,userxattr',
        'metacopy=maybe',
        'redirect_dir=maybe',
        'index=maybe',
        'metacopy=off,redirect_dir=nofollow,index=off,userxattr',
      ]) {
        t.do('mount', named('overlay'), W('m'), 'overlay', NO_MS, `${layers},${data}`);
      }
    },
  },
  {
    name: 'overlays that lack something',
    caller: 'root',
    run(t) {
      mkdir(t, 'l', 'u', 'w', 'm', 'u/in');
      write(t, 'f');
      const refused = (data: string): void => {
        t.do('mount', named('overlay'), W('m'), 'overlay', NO_MS, data);
      };
      refused('upperdir=/work/u,workdir=/work/w');
      refused('lowerdir=/work/l,upperdir=/work/u');
      refused('lowerdir=/work/no');
      refused('lowerdir=/work/l,upperdir=/work/u,workdir=/work/u/in');
      refused('lowerdir=/work/l,nonsense');
      refused('');
    },
  },
];
