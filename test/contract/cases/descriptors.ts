import {
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  S_IFCHR,
  TIOCGPTN,
  TIOCGPTPEER,
  TIOCGWINSZ,
  TIOCSPTLCK,
  TIOCSWINSZ,
} from '../../../src/syscalls/file-flags.js';
import { flags } from '../../../src/syscalls/flags.js';
import { MNT_DETACH } from '../../../src/syscalls/mount-flags.js';
import type { ContractCase } from '../contract-case.js';
import type { Trial } from '../trial.js';
import { CREATE, CWD, how, link, look, mkdir, named, NO_MS, place, raw, W } from './kit.js';

function terminals(t: Trial, data = 'newinstance,ptmxmode=0666,mode=620'): void {
  mkdir(t, 'pts');
  t.ok('mount', named('devpts'), W('pts'), 'devpts', NO_MS, data);
}

const number = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);

/** Descriptors and terminals. */
export const DESCRIPTORS: readonly ContractCase[] = [
  {
    name: 'fcntl duplicates to the lowest free number from a least one',
    run(t) {
      const fd = place(t, '');
      const high = t.ok('fcntl', fd, F_DUPFD, 500);
      const higher = t.ok('fcntl', fd, F_DUPFD_CLOEXEC, 500);
      t.note(`${high} ${higher}`);
      t.ok('fcntl', high as never, F_GETFD, 0);
      t.ok('fcntl', higher as never, F_GETFD, 0);
      t.ok('close', high as never);
      t.note(String(t.ok('fcntl', fd, F_DUPFD, 500)));
    },
  },
  {
    name: 'fcntl and close-on-exec',
    run(t) {
      const fd = t.open('openat2', CWD, W(''), how(O_PATH, O_CLOEXEC));
      t.ok('fcntl', fd, F_GETFD, 0);
      t.ok('fcntl', fd, F_SETFD, 0);
      t.ok('fcntl', fd, F_GETFD, 0);
      t.ok('close', fd);
      t.fails('EBADF', 'fcntl', fd, F_GETFD, 0);
      t.fails('EBADF', 'close', fd);
    },
  },
  {
    name: 'fcntl tells and changes status flags',
    run(t) {
      const fd = t.open('openat2', CWD, W('f'), {
        flags: flags(O_CREAT, O_RDWR, O_APPEND),
        mode: 0o600,
      });
      t.ok('fcntl', fd, F_GETFL, 0);
      t.ok('fcntl', fd, F_SETFL, O_NONBLOCK);
      t.ok('fcntl', fd, F_GETFL, 0);
      t.ok('fcntl', place(t, ''), F_GETFL, 0);
      t.ok('fcntl', t.open('openat2', CWD, W(''), how(O_RDONLY, O_DIRECTORY)), F_GETFL, 0);
      t.fails('EBADF', 'fcntl', place(t, ''), F_SETFL, O_NONBLOCK);
    },
  },
  {
    name: 'copies of a descriptor share the offset',
    run(t) {
      const fd = t.open('openat2', CWD, W('f'), CREATE);
      const copy = t.ok('fcntl', fd, F_DUPFD_CLOEXEC, 0) as never;
      t.ok('write', fd, new TextEncoder().encode('one'));
      t.ok('write', copy, new TextEncoder().encode('two'));
      t.ok('close', fd);
      t.ok('write', copy, new TextEncoder().encode('three'));
      look(t, 'f');
    },
  },
  {
    name: 'ioctl of what is no terminal',
    run(t) {
      const fd = t.open('openat2', CWD, W('f'), CREATE);
      t.fails('ENOTTY', 'ioctl', fd, TIOCGWINSZ, new Uint8Array(8));
      t.fails('EBADF', 'ioctl', place(t, ''), TIOCGWINSZ, new Uint8Array(8));
      t.fails('EBADF', 'ioctl', 9999 as never, TIOCGWINSZ, new Uint8Array(8));
    },
  },
  {
    name: 'a new devpts has one node, and terminals come and go',
    run(t) {
      terminals(t);
      const master = t.open('openat2', CWD, W('pts/ptmx'), how(O_RDWR, O_CLOEXEC));
      const index = number(-1);
      t.ok('ioctl', master, TIOCGPTN, index);
      t.note(`number ${index.join(' ')}`);
      look(t, 'pts/0');
      t.fails('EIO', 'openat2', CWD, W('pts/0'), how(O_RDWR));
      t.fails('EIO', 'ioctl', master, TIOCGPTPEER, O_RDWR);
      t.ok('ioctl', master, TIOCSPTLCK, number(0));
      const peer = t.ok('ioctl', master, TIOCGPTPEER, flags(O_RDWR, O_CLOEXEC)) as never;
      t.ok('fstatfs', peer);
      t.ok('ioctl', master, TIOCSWINSZ, Uint8Array.of(24, 0, 80, 0, 0, 0, 0, 0));
      const size = new Uint8Array(8);
      t.ok('ioctl', peer, TIOCGWINSZ, size);
      t.note(`size ${size.join(' ')}`);
      const second = t.open('openat2', CWD, W('pts/ptmx'), how(O_RDWR));
      t.ok('close', master);
      look(t, 'pts/0');
      look(t, 'pts/1');
      t.ok('close', second);
    },
  },
  {
    name: 'a link to ptmx beside pts, as in /dev',
    run(t) {
      terminals(t);
      link(t, 'ptmx', 'pts/ptmx');
      const master = t.open('openat2', CWD, W('ptmx'), how(O_RDWR));
      t.ok('ioctl', master, TIOCGPTN, number(0));
    },
  },
  {
    name: 'a ptmx node needs a devpts at pts beside it',
    caller: 'root',
    run(t) {
      t.ok('mknodat', CWD, W('ptmx'), S_IFCHR | 0o666, { major: 5, minor: 2 });
      t.fails('ENOENT', 'openat2', CWD, W('ptmx'), how(O_RDWR));
      mkdir(t, 'pts');
      t.fails('ENODEV', 'openat2', CWD, W('ptmx'), how(O_RDWR));
      t.ok('mount', named('devpts'), W('pts'), 'devpts', NO_MS, '');
      const master = t.open('openat2', CWD, W('ptmx'), how(O_RDWR));
      t.ok('ioctl', master, TIOCGPTN, number(0));
      look(t, 'pts/0');
    },
  },
  {
    name: 'nothing can be made or removed in a devpts',
    run(t) {
      terminals(t, 'ptmxmode=000');
      look(t, 'pts/ptmx');
      look(t, 'pts');
      t.fails('EPERM', 'mkdirat', CWD, W('pts/d'), 0o755);
      t.fails('EPERM', 'symlinkat', 'x', CWD, W('pts/l'));
      t.fails('EACCES', 'openat2', CWD, W('pts/f'), CREATE);
      t.fails('EPERM', 'unlinkat', CWD, W('pts/ptmx'), 0 as never);
    },
  },
  {
    name: 'an open terminal keeps its devpts busy',
    run(t) {
      terminals(t);
      const master = t.open('openat2', CWD, W('pts/ptmx'), how(O_RDWR));
      t.fails('EBUSY', 'umount2', W('pts'), 0 as never);
      t.ok('umount2', W('pts'), MNT_DETACH);
      t.ok('ioctl', master, TIOCGPTN, number(0));
    },
  },
  {
    name: '/dev/tty without a controlling terminal, and devices that nothing drives',
    caller: 'root',
    run(t) {
      t.ok('mknodat', CWD, W('tty'), S_IFCHR | 0o666, { major: 5, minor: 0 });
      t.fails('ENXIO', 'openat2', CWD, W('tty'), how(O_WRONLY));
      t.ok('mknodat', CWD, W('none'), S_IFCHR | 0o666, { major: 0, minor: 0 });
      t.fails('ENXIO', 'openat2', CWD, W('none'), how(O_WRONLY));
      t.ok('openat2', CWD, raw('/work/none'), how(O_PATH));
    },
  },
];
