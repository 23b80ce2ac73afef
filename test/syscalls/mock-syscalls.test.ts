import { expect } from 'chai';
import { AT_FDCWD, type Fd } from '../../src/syscalls/descriptor.js';
import {
  O_CLOEXEC,
  O_CREAT,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  S_IFCHR,
  STATX_BASIC_STATS,
  type AtFlags,
  type StatxAttributes,
} from '../../src/syscalls/file-flags.js';
import { flags } from '../../src/syscalls/flags.js';
import {
  MNT_DETACH,
  MS_BIND,
  MS_NOSUID,
  MS_PRIVATE,
  MS_REC,
  OPEN_TREE_CLONE,
  type MountFlags,
} from '../../src/syscalls/mount-flags.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { NotModelledError } from '../../src/syscalls/model/errors.js';
import { charDevice, directory, fifo, file, symlink } from '../../src/syscalls/model/seed-tree.js';
import { hostPath, sourceName } from '../../src/syscalls/paths.js';
import { SyscallError } from '../../src/syscalls/syscall-error.js';
import type { Statx } from '../../src/syscalls/syscalls.js';

const NONE = 0 as MountFlags;
const NO_AT = 0 as AtFlags;
const ROOT = hostPath('/srv/root');
const TMPFS = sourceName('tmpfs');

function errnoOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof SyscallError) return error.code;
    throw error;
  }
  return 'ok';
}

describe('MockSyscalls', () => {
  describe('the list of calls', () => {
    it('has every call in order, refused ones with their error', () => {
      const sys = new MockSyscalls();
      sys.umask(0o077);
      errnoOf(() => sys.mkdirat(AT_FDCWD, ROOT, 0o755));
      const fd = sys.openat2(AT_FDCWD, ROOT, { flags: O_PATH });
      sys.close(fd);
      expect(sys.calls.map(({ name }) => name)).to.deep.equal([
        'umask',
        'mkdirat',
        'openat2',
        'close',
      ]);
      expect(sys.calls[0]).to.deep.equal({ name: 'umask', args: [0o077], result: 0o022 });
      expect(sys.calls[1]?.error).to.be.instanceOf(SyscallError).with.property('code', 'EEXIST');
      expect(sys.calls[2]).to.deep.equal({
        name: 'openat2',
        args: [AT_FDCWD, ROOT, { flags: O_PATH }],
        result: fd,
      });
    });

    it('gives the calls of chosen names', () => {
      const sys = new MockSyscalls();
      sys.umask(0);
      sys.chdir(ROOT);
      sys.umask(0o022);
      expect(sys.callsOf('umask').map(({ args }) => args)).to.deep.equal([[0], [0o022]]);
    });

    it('leaves out what no kernel would be asked', () => {
      const sys = new MockSyscalls();
      expect(() => sys.mkdirat(AT_FDCWD, 'a\0b' as typeof ROOT, 0o755)).to.throw(TypeError, 'NUL');
      expect(() => sys.umask(0o10000)).to.throw(RangeError);
      expect(sys.calls).to.deep.equal([]);
    });
  });

  describe('errors', () => {
    it('name the call with its arguments as the real adapter does', () => {
      const sys = new MockSyscalls();
      const fd = sys.openat2(AT_FDCWD, ROOT, { flags: flags(O_PATH, O_CLOEXEC) });
      expect(() => sys.umount2({ fd }, MNT_DETACH)).to.throw(
        SyscallError,
        'umount2("/srv/root", MNT_DETACH): EINVAL: invalid argument',
      );
    });

    it('fail the n-th call of the run, once and without effect', () => {
      const sys = new MockSyscalls().failAt(2, 'EIO');
      sys.umask(0);
      expect(errnoOf(() => sys.mkdirat(AT_FDCWD, hostPath('/srv/new'), 0o755))).to.equal('EIO');
      expect(errnoOf(() => sys.mkdirat(AT_FDCWD, hostPath('/srv/new'), 0o755))).to.equal('ok');
    });

    it('fail the n-th call of a name, counted by itself', () => {
      const sys = new MockSyscalls().failAt(2, 'ENOMEM', 'mount').failAt(1, 'EINTR', 'close');
      sys.umask(0);
      sys.mount(TMPFS, ROOT, 'tmpfs', NONE, '');
      expect(errnoOf(() => sys.mount(TMPFS, ROOT, 'tmpfs', NONE, ''))).to.equal('ENOMEM');
      expect(errnoOf(() => sys.mount(TMPFS, ROOT, 'tmpfs', NONE, ''))).to.equal('ok');
      const fd = sys.openat2(AT_FDCWD, ROOT, { flags: O_PATH });
      expect(errnoOf(() => sys.close(fd))).to.equal('EINTR');
      expect(sys.state.descriptors.map((open) => open.fd)).not.to.include(fd);
    });

    it('refuse to count from 0', () => {
      expect(() => new MockSyscalls().failAt(0, 'EIO')).to.throw(RangeError);
    });

    it('answer for calls that a kernel lacks or forbids', () => {
      const sys = new MockSyscalls({ refused: { openat2: 'ENOSYS', mount_setattr: 'EPERM' } });
      expect(errnoOf(() => sys.openat2(AT_FDCWD, ROOT, { flags: O_PATH }))).to.equal('ENOSYS');
      expect(errnoOf(() => sys.mount_setattr(AT_FDCWD, ROOT, NO_AT, {}))).to.equal('EPERM');
      expect(errnoOf(() => sys.chdir(ROOT))).to.equal('ok');
    });
  });

  describe('declared answers', () => {
    const STAT: Statx = {
      mode: S_IFCHR | 0o666,
      ino: 1n,
      dev: { major: 0, minor: 1 },
      rdev: { major: 7, minor: 7 },
      nlink: 1,
      uid: 0,
      gid: 0,
      size: 0n,
      attributes: 0 as StatxAttributes,
      mntId: 1n,
      atime: { sec: 0n, nsec: 0 },
      mtime: { sec: 0n, nsec: 0 },
      ctime: { sec: 0n, nsec: 0 },
    };

    it('stand in for the model where they match, and only there', () => {
      const sys = new MockSyscalls().answer('statx', (_, path) => path === '/dev/odd', STAT);
      expect(
        sys.statx(AT_FDCWD, hostPath('/dev/odd'), NO_AT, STATX_BASIC_STATS).rdev,
      ).to.deep.equal({ major: 7, minor: 7 });
      expect(
        sys.statx(AT_FDCWD, hostPath('/dev/null'), NO_AT, STATX_BASIC_STATS).rdev,
      ).to.deep.equal({ major: 1, minor: 3 });
      expect(sys.calls).to.have.lengthOf(2);
    });
  });

  describe('the machine it starts as', () => {
    it('has the files that were asked for, of every type', () => {
      const sys = new MockSyscalls({
        files: {
          '/srv/root/etc/os-release': file('ID=test\n', 0o600, { uid: 5, gid: 6 }),
          '/srv/root/dev': symlink('/dev'),
          '/srv/root/pipe': fifo(0o622),
          '/srv/root/node': charDevice(1, 3, 0o640),
          '/srv/root/tmp': directory(0o1777),
        },
      });
      expect(
        sys.state.tree('/srv/root').map(({ path, mode }) => `${path} ${mode.toString(8)}`),
      ).to.deep.equal([
        'dev 777',
        'etc 755',
        'etc/os-release 600',
        'node 640',
        'pipe 622',
        'tmp 1777',
      ]);
      const [release] = sys.state.tree('/srv/root/etc');
      expect(release).to.include({ content: 'ID=test\n', uid: 5, gid: 6 });
    });

    it('has the mounts that were asked for, with flags, peers and masters', () => {
      const sys = new MockSyscalls({
        mounts: [
          { at: '/proc', type: 'proc' },
          {
            at: '/a',
            type: 'tmpfs',
            source: 'one',
            flags: ['nosuid', 'ro'],
            options: 'size=64k',
            peers: 'x',
          },
          { at: '/b', bind: '/a', peers: 'x' },
          { at: '/c', type: 'tmpfs', master: 'x' },
        ],
      });
      expect(sys.state.mountinfo).to.match(
        / \/ \/a ro,nosuid shared:(\d+) - tmpfs one rw,size=64k\n.* \/ \/b .*shared:\1 - tmpfs one .*\n.* \/ \/c .*master:\1 - tmpfs/,
      );
    });

    it('starts without privileges when the user has none', () => {
      const sys = new MockSyscalls({ credentials: { uid: 1000, gid: 1000 } });
      expect(sys.geteuid()).to.equal(1000);
      expect(errnoOf(() => sys.mount(TMPFS, ROOT, 'tmpfs', NONE, ''))).to.equal('EPERM');
      expect(errnoOf(() => sys.mkdirat(AT_FDCWD, hostPath('/srv/root/x'), 0o755))).to.equal(
        'EACCES',
      );
      expect(errnoOf(() => sys.mkdirat(AT_FDCWD, hostPath('/tmp/x'), 0o755))).to.equal('ok');
      expect(errnoOf(() => sys.chroot(ROOT))).to.equal('EPERM');
    });

    it('locks what a user namespace did not mount itself', () => {
      const ids = [{ inside: 0, outside: 1000, count: 1 }];
      const sys = new MockSyscalls({
        credentials: { userNamespace: { owner: 1000, uidMap: ids, gidMap: ids }, own: ['pid'] },
      });
      expect(errnoOf(() => sys.umount2(hostPath('/sys/fs/cgroup'), MNT_DETACH))).to.equal('EINVAL');
      expect(errnoOf(() => sys.open_tree(AT_FDCWD, hostPath('/dev'), OPEN_TREE_CLONE))).to.equal(
        'EINVAL',
      );
      expect(
        errnoOf(() => sys.mount(sourceName('proc'), hostPath('/tmp'), 'proc', NONE, '')),
      ).to.equal('ok');
      expect(
        errnoOf(() => sys.mount(sourceName('sysfs'), hostPath('/tmp'), 'sysfs', NONE, '')),
      ).to.equal('EPERM');
    });

    it('refuses a proc that would show what is masked', () => {
      const ids = [{ inside: 0, outside: 1000, count: 1 }];
      const sys = new MockSyscalls({
        mounts: [
          { at: '/proc', type: 'proc' },
          { at: '/proc/sys', bind: '/proc/sys', flags: ['ro'] },
        ],
        credentials: { userNamespace: { owner: 1000, uidMap: ids, gidMap: ids }, own: ['pid'] },
      });
      expect(
        errnoOf(() => sys.mount(sourceName('proc'), hostPath('/tmp'), 'proc', NONE, '')),
      ).to.equal('EPERM');
    });

    it('has room for no more mounts than mount-max', () => {
      const sys = new MockSyscalls({ mountMax: 10 });
      let mounted = 0;
      while (errnoOf(() => sys.mount(TMPFS, ROOT, 'tmpfs', NONE, '')) === 'ok') mounted += 1;
      expect(mounted).to.equal(10 - 9);
      expect(errnoOf(() => sys.mount(TMPFS, ROOT, 'tmpfs', NONE, ''))).to.equal('ENOSPC');
    });
  });

  describe('what has become of it', () => {
    it('shows mounts, files, descriptors, umask and directory', () => {
      const sys = new MockSyscalls();
      const before = { mountinfo: sys.state.mountinfo, tree: sys.state.tree('/srv') };
      sys.mount(TMPFS, ROOT, 'tmpfs', MS_NOSUID, 'mode=700');
      sys.chdir(ROOT);
      sys.umask(0);
      const fd = sys.openat2(AT_FDCWD, hostPath('/srv/root/f'), {
        flags: flags(O_CREAT, O_WRONLY, O_CLOEXEC),
        mode: 0o666,
      });
      sys.write(fd, new TextEncoder().encode('content'));
      expect(sys.state.tree('/srv').map(({ path, content }) => [path, content])).to.deep.equal([
        ['root', undefined],
        ['root/f', 'content'],
      ]);
      expect(sys.state.tree('/srv', { crossMounts: false })).to.have.lengthOf(1);
      expect(sys.state.descriptors.at(-1)).to.deep.equal({
        fd,
        path: '/srv/root/f',
        closeOnExec: true,
      });
      expect(sys.state.umask).to.equal(0);
      expect(sys.state.cwd).to.equal('/srv/root');
      sys.close(fd);
      sys.chdir(hostPath('/'));
      sys.umount2(ROOT, MNT_DETACH);
      expect({ mountinfo: sys.state.mountinfo, tree: sys.state.tree('/srv') }).to.deep.equal(
        before,
      );
    });

    it('lets a test play the other process that swaps a directory for a link', () => {
      const sys = new MockSyscalls({ files: { '/srv/root/dev': directory() } });
      sys.state.uproot('/srv/root/dev');
      sys.state.plant('/srv/root/dev', symlink('/etc'));
      expect(sys.readlinkat(AT_FDCWD, hostPath('/srv/root/dev'))).to.equal('/etc');
    });
  });

  describe('the limits of the model', () => {
    it('are said, and no success is made up', () => {
      const sys = new MockSyscalls();
      expect(() => sys.mount(sourceName('x'), ROOT, 'ext4', NONE, '')).to.throw(
        NotModelledError,
        'the file system ext4',
      );
      expect(() => sys.openat2(AT_FDCWD, hostPath('/dev/loop0'), { flags: O_RDONLY })).to.throw(
        NotModelledError,
        '7:0',
      );
      expect(sys.calls[0]?.error).to.be.instanceOf(NotModelledError);
    });

    it('name descriptors as a plan and a trace compare them', () => {
      const sys = new MockSyscalls();
      const fd = sys.openat2(AT_FDCWD, ROOT, { flags: O_PATH });
      expect(sys.descriptors.get(fd)).to.equal('/srv/root');
      sys.close(fd);
      expect(sys.descriptors.open()).to.deep.equal([] as Fd[]);
    });
  });

  it('carries out the switch of a root from start to end', () => {
    const sys = new MockSyscalls({ files: { '/srv/root/old': directory() } });
    sys.mount('', hostPath('/'), '', flags(MS_PRIVATE, MS_REC), '');
    sys.mount(ROOT, ROOT, '', MS_BIND, '');
    sys.chdir(ROOT);
    sys.pivot_root('.', '.');
    sys.umount2('.', MNT_DETACH);
    sys.chdir(hostPath('/'));
    expect(sys.getcwd()).to.equal('/');
    expect(sys.state.tree('/').map(({ path }) => path)).to.deep.equal(['old']);
    expect(sys.state.mountinfo.trim().split('\n')).to.have.lengthOf(1);
  });
});
