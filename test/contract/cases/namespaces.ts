import { O_CLOEXEC, O_RDONLY, O_WRONLY, AT_REMOVEDIR } from '../../../src/syscalls/file-flags.js';
import { flags } from '../../../src/syscalls/flags.js';
import {
  FSOPEN_CLOEXEC,
  MNT_DETACH,
  MOUNT_ATTR_NOSUID,
  MS_BIND,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOATIME,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_REMOUNT,
  OPEN_TREE_CLONE,
} from '../../../src/syscalls/mount-flags.js';
import {
  CLONE_FS,
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  type CloneFlags,
} from '../../../src/syscalls/process-flags.js';
import type { ContractCase } from '../contract-case.js';
import {
  bind,
  CREATE,
  CWD,
  how,
  look,
  mkdir,
  named,
  NO_AT,
  NO_MS,
  place,
  raw,
  tmpfs,
  W,
  write,
} from './kit.js';

const QUIET = flags(MS_NOSUID, MS_NODEV, MS_NOEXEC);
const PROC = '/proc' as never;

/** Namespaces, and what a user namespace may and may not. */
export const NAMESPACES: readonly ContractCase[] = [
  {
    name: 'unshare and setns of the mount namespace',
    run(t) {
      const home = t.open(
        'openat2',
        CWD,
        raw('/proc/thread-self/ns/mnt'),
        how(O_RDONLY, O_CLOEXEC),
      );
      mkdir(t, 'd');
      t.ok('unshare', CLONE_NEWNS);
      t.do('getcwd');
      tmpfs(t, 'd', 'only here');
      t.fails('EINVAL', 'setns', home, CLONE_NEWUTS);
      t.ok('setns', home, CLONE_NEWNS);
      t.do('getcwd');
    },
  },
  {
    name: 'setns with what is no namespace',
    run(t) {
      t.fails('EBADF', 'setns', place(t, ''), 0 as CloneFlags);
      t.fails('EINVAL', 'setns', t.open('openat2', CWD, W(''), how(O_RDONLY)), 0 as CloneFlags);
      t.fails('EBADF', 'setns', 9999 as never, CLONE_NEWNS);
      const user = t.open('openat2', CWD, raw('/proc/thread-self/ns/user'), how(O_RDONLY));
      t.fails('EINVAL', 'setns', user, CLONE_NEWUSER);
    },
  },
  {
    name: 'unshare of other namespaces, and of none',
    isolated: true,
    run(t) {
      t.ok('unshare', 0 as CloneFlags);
      t.ok('unshare', flags(CLONE_FS, CLONE_NEWUTS, CLONE_NEWIPC));
      t.fails('EINVAL', 'unshare', 0x1 as CloneFlags);
      t.fails('EINVAL', 'unshare', CLONE_NEWUSER);
    },
  },
  {
    name: 'host and domain name in a namespace of its own',
    isolated: true,
    run(t) {
      const read = (path: string): void => {
        const fd = t.open('openat2', CWD, raw(path), how(O_RDONLY));
        t.do('read', fd, 100);
        t.do('close', fd);
      };
      const home = t.open('openat2', CWD, raw('/proc/thread-self/ns/uts'), how(O_RDONLY));
      t.ok('unshare', CLONE_NEWUTS);
      t.ok('sethostname', 'inside');
      t.ok('setdomainname', 'domain');
      read('/proc/sys/kernel/hostname');
      read('/proc/sys/kernel/domainname');
      t.fails('EINVAL', 'sethostname', 'x'.repeat(65));
      t.do('setns', home, CLONE_NEWUTS);
    },
  },
  {
    name: "a host name that is not one's own to set",
    isolated: true,
    caller: 'user-namespace',
    run(t) {
      t.fails('EPERM', 'sethostname', 'stolen');
      t.fails('EPERM', 'setdomainname', 'stolen');
    },
  },
  {
    name: 'sysfs and mqueue in namespaces made for them',
    isolated: true,
    run(t) {
      mkdir(t, 'sys', 'mq', 'cg');
      t.ok('unshare', flags(CLONE_NEWIPC, CLONE_NEWCGROUP));
      t.do('mount', named('mqueue'), W('mq'), 'mqueue', QUIET, '');
      t.do('mount', named('cgroup2'), W('cg'), 'cgroup2', QUIET, '');
      look(t, 'mq');
    },
  },
  {
    name: 'a proc while only the children are in a new PID namespace',
    isolated: true,
    run(t) {
      mkdir(t, 'proc');
      t.ok('unshare', CLONE_NEWPID);
      t.do('mount', named('proc'), W('proc'), 'proc', QUIET, '');
      t.do('statx', CWD, W('proc/self'), 0 as never, 0 as never);
    },
  },
  {
    name: 'ids as the caller sees them',
    run(t) {
      t.do('geteuid');
      t.do('getegid');
      const read = (path: string): void => {
        const fd = t.open('openat2', CWD, raw(path), how(O_RDONLY));
        t.do('read', fd, 200);
      };
      read('/proc/self/uid_map');
      read('/proc/self/gid_map');
      read('/proc/thread-self/setgroups');
    },
  },
  {
    name: 'what came from outside is locked: flags may be added and not taken back',
    caller: 'user-namespace',
    run(t) {
      mkdir(t, 'p');
      t.ok('mount', PROC, W('p'), '', flags(MS_BIND, MS_REC), '');
      t.do('mount', '', W('p'), '', flags(MS_BIND, MS_REMOUNT), '');
      t.do('mount', '', W('p'), '', flags(MS_BIND, MS_REMOUNT, QUIET), '');
      t.do('mount', '', W('p'), '', flags(MS_BIND, MS_REMOUNT, QUIET, MS_RDONLY), '');
      t.fails(
        'EPERM',
        'mount',
        '',
        W('p'),
        '',
        flags(MS_BIND, MS_REMOUNT, QUIET, MS_RDONLY, MS_NOATIME),
        '',
      );
      t.fails('EPERM', 'mount', '', W('p'), '', flags(MS_REMOUNT, QUIET), '');
      t.do('mount_setattr', CWD, W('p'), NO_AT, { attr_clr: MOUNT_ATTR_NOSUID });
    },
  },
  {
    name: 'the root that was pivoted to keeps the lock of the old one',
    caller: 'user-namespace',
    run(t) {
      t.do('umount2', '/' as never, MNT_DETACH);
      mkdir(t, 'd');
      t.do('mount', '/' as never, W('d'), '', 0x2000 as never, '');
    },
  },
  {
    name: 'a tmpfs of a user namespace is its own',
    caller: 'user-namespace',
    run(t) {
      mkdir(t, 'd', 'd2');
      tmpfs(t, 'd', 'mine', NO_MS, 'mode=755,uid=0,gid=0');
      look(t, 'd');
      t.fails('EINVAL', 'mount', named('x'), W('d2'), 'tmpfs', NO_MS, 'uid=5');
      t.fails('EPERM', 'mknodat', CWD, W('d/null'), 0o020666, { major: 1, minor: 3 });
      t.ok('mount', '', W('d'), '', flags(MS_REMOUNT, MS_RDONLY), '');
      t.fails('EINVAL', 'fchownat', CWD, W('d2'), 5, -1, NO_AT);
    },
  },
  {
    name: 'device nodes of the machine, bound into a user namespace',
    caller: 'user-namespace',
    run(t) {
      write(t, 'null');
      t.ok('mount', '/dev/null' as never, W('null'), '', MS_BIND, '');
      t.ok('write', t.open('openat2', CWD, W('null'), how(O_WRONLY)), Uint8Array.of(1));
      look(t, 'null');
      t.fails('EPERM', 'fchmod', t.open('openat2', CWD, W('null'), how(O_WRONLY)), 0o600);
      t.do('fchownat', CWD, W('null'), 0, 0, NO_AT);
    },
  },
  {
    name: 'files of others: the overflow ids, and no power over them',
    caller: 'user-namespace',
    run(t) {
      const stat = t.do('statx', CWD, raw('/proc/sys/kernel'), 0 as never, 0x7ff as never);
      t.note(`${stat?.uid}:${stat?.gid}`);
      t.do('fchownat', CWD, raw('/proc/sys/kernel'), 0, 0, NO_AT);
    },
  },
  {
    name: 'permission bits hold for who has no capability over the file',
    caller: 'user-namespace',
    run(t) {
      mkdir(t, 'd');
      t.ok('fchmod', t.open('openat2', CWD, W('d'), how(O_RDONLY)), 0o000);
      t.do('mkdirat', CWD, W('d/x'), 0o755);
      t.do('openat2', CWD, raw('/proc/sys/kernel/overflowuid'), how(O_WRONLY));
    },
  },
  {
    name: 'sticky directories',
    run(t) {
      t.do('umask', 0);
      t.ok('mkdirat', CWD, W('sticky'), 0o1777);
      write(t, 'sticky/f');
      mkdir(t, 'sticky/d');
      t.ok('unlinkat', CWD, W('sticky/f'), NO_AT);
      t.ok('unlinkat', CWD, W('sticky/d'), AT_REMOVEDIR);
      t.do('openat2', CWD, W('sticky/new'), CREATE);
    },
  },
  {
    name: "binds of the machine's mounts, and clones of them",
    run(t) {
      mkdir(t, 'a', 'b');
      t.do('mount', PROC, W('a'), '', MS_BIND, '');
      t.do('open_tree', CWD, raw('/proc'), flags(OPEN_TREE_CLONE));
      t.do('mount', '', W('a'), '', flags(MS_PRIVATE, MS_REC), '');
      bind(t, 'a', 'b');
    },
  },
  {
    name: 'proc and sysfs are not mounted anew when something of the visible ones is masked',
    caller: 'own-namespaces',
    run(t) {
      mkdir(t, 'p', 's', 'again');
      t.do('mount', named('proc'), W('p'), 'proc', QUIET, '');
      t.do('mount', named('proc'), W('again'), 'proc', flags(QUIET, MS_NOATIME), '');
      t.do('mount', named('sysfs'), W('s'), 'sysfs', QUIET, '');
      t.do('mount', named('tmpfs'), '/proc/sys' as never, 'tmpfs', NO_MS, '');
      t.do('mount', named('proc'), W('again'), 'proc', QUIET, '');
      t.do('statx', CWD, W('p/self'), 0 as never, 0x7ff as never);
      t.do('readlinkat', CWD, W('p/mounts'));
    },
  },
  {
    name: "names and namespaces that are one's own",
    caller: 'own-namespaces',
    isolated: true,
    run(t) {
      t.ok('sethostname', 'mine');
      t.ok('setdomainname', 'mine');
      const uts = t.open('openat2', CWD, raw('/proc/thread-self/ns/uts'), how(O_RDONLY));
      t.ok('unshare', CLONE_NEWUTS);
      t.ok('setns', uts, CLONE_NEWUTS);
    },
  },
  {
    name: 'file systems that take root of the machine',
    run(t) {
      mkdir(t, 'd');
      t.do('fsopen', 'tmpfs', FSOPEN_CLOEXEC);
      t.do('fsopen', 'proc', FSOPEN_CLOEXEC);
      t.do('fsopen', 'mqueue', FSOPEN_CLOEXEC);
      t.do('mount', named('x'), W('d'), 'ramfs', NO_MS, '');
      t.do('mount', named('x'), W('d'), 'overlay', NO_MS, 'lowerdir=/work');
    },
  },
];
