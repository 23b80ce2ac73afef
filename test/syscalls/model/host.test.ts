import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { AT_FDCWD } from '../../../src/syscalls/descriptor.js';
import {
  O_RDONLY,
  STATX_BASIC_STATS,
  S_IFCHR,
  S_IFDIR,
  S_IFREG,
  type AtFlags,
} from '../../../src/syscalls/file-flags.js';
import { MNT_DETACH, type MountFlags } from '../../../src/syscalls/mount-flags.js';
import { MockSyscalls } from '../../../src/syscalls/mock-syscalls.js';
import {
  HostUnreadableError,
  NodeHostReader,
  type HostFile,
  type HostReader,
} from '../../../src/syscalls/model/host/host-reader.js';
import { hostPath, sourceName } from '../../../src/syscalls/paths.js';
import { normalizeMountinfo } from '../../contract/mount-table.js';

const NO_AT = 0 as AtFlags;

const DIRECTORY = {
  mode: S_IFDIR | 0o755,
  uid: 0,
  gid: 0,
  rdev: { major: 0, minor: 0 },
  links: 2,
  size: 0,
  atimeNs: 0n,
  mtimeNs: 0n,
};
const FILE = { ...DIRECTORY, mode: S_IFREG | 0o644, size: 5 };

/** A machine with a shared root, a bind of a part of it, and a directory that may not be read. */
class SmallHost implements HostReader {
  readonly #files: Readonly<Record<string, HostFile>> = {
    '/': DIRECTORY,
    '/etc': DIRECTORY,
    '/etc/motd': FILE,
    '/secret': { ...DIRECTORY, mode: S_IFDIR | 0o700 },
    '/view': DIRECTORY,
    '/proc': DIRECTORY,
    '/proc/self': DIRECTORY,
    '/dev': DIRECTORY,
    '/dev/null': { ...DIRECTORY, mode: S_IFCHR | 0o666, rdev: { major: 1, minor: 3 } },
  };

  mountinfo(): string {
    return [
      '30 1 8:1 / / rw,relatime shared:7 - ext4 /dev/sda1 rw,errors=remount-ro',
      '31 30 8:1 /etc /view ro,nosuid,relatime shared:8 master:9 - ext4 /dev/sda1 rw,errors=remount-ro',
      '32 30 0:20 / /proc rw,nosuid - proc proc rw',
      '',
    ].join('\n');
  }

  stat(path: string): HostFile | undefined {
    if (path.startsWith('/secret/')) throw new HostUnreadableError(path);
    return this.#files[path.replace(/^\/view/, '/etc')];
  }

  names(path: string): readonly string[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    return Object.keys(this.#files)
      .filter(
        (name) =>
          name !== '/' && name.startsWith(prefix) && !name.slice(prefix.length).includes('/'),
      )
      .map((name) => name.slice(prefix.length));
  }

  target(): string {
    throw new Error('there are no links here');
  }

  content(path: string): Uint8Array {
    return new TextEncoder().encode(path === '/proc/self/status' ? 'Umask:\t0027\n' : 'hello');
  }

  magic(): number {
    return 0xef53;
  }

  cwd(): string {
    return '/etc';
  }
}

describe('a model of the real machine', () => {
  it('has the mounts of mountinfo, peers and masters included', () => {
    const sys = new MockSyscalls({ host: new SmallHost() });
    expect(normalizeMountinfo(sys.state.mountinfo)).to.deep.equal(
      normalizeMountinfo(new SmallHost().mountinfo()),
    );
    expect(sys.state.umask).to.equal(0o027);
    expect(sys.getcwd()).to.equal('/etc');
  });

  it('reads what is there and keeps what is written', () => {
    const sys = new MockSyscalls({ host: new SmallHost() });
    const fd = sys.openat2(AT_FDCWD, hostPath('/etc/motd'), { flags: O_RDONLY });
    expect(new TextDecoder().decode(sys.read(fd, 100))).to.equal('hello');
    sys.mkdirat(AT_FDCWD, hostPath('/etc/new'), 0o755);
    sys.unlinkat(AT_FDCWD, hostPath('/etc/motd'), NO_AT);
    expect(sys.state.tree('/etc').map(({ path }) => path)).to.deep.equal(['new']);
    expect(sys.statx(AT_FDCWD, hostPath('/dev/null'), NO_AT, STATX_BASIC_STATS).rdev).to.deep.equal(
      { major: 1, minor: 3 },
    );
  });

  it('knows that two mounts show the same files', () => {
    const sys = new MockSyscalls({ host: new SmallHost() });
    sys.mkdirat(AT_FDCWD, hostPath('/etc/new'), 0o755);
    expect(sys.statx(AT_FDCWD, hostPath('/view/new'), NO_AT, STATX_BASIC_STATS).mode).to.equal(
      S_IFDIR | 0o750,
    );
  });

  it('says what this user may not read', () => {
    const sys = new MockSyscalls({ host: new SmallHost() });
    expect(() => sys.statx(AT_FDCWD, hostPath('/secret/key'), NO_AT, STATX_BASIC_STATS)).to.throw(
      HostUnreadableError,
      '/secret/key',
    );
  });

  it('has a mount where this user may not look, and says what it takes it for', () => {
    class WithStore extends SmallHost {
      override mountinfo(): string {
        return `${super.mountinfo()}33 30 0:21 / /secret/store rw - tmpfs store rw\n`;
      }
    }
    const sys = new MockSyscalls({ host: new WithStore() });
    expect(sys.state.mountinfo).to.match(/ \/secret\/store rw - tmpfs store rw$/m);
    expect(sys.state.assumptions).to.deep.equal([
      '/secret/store, which may not be looked at, is a directory',
    ]);
  });

  it('takes what a mount of the machine covers for empty, and says so when it matters', () => {
    const sys = new MockSyscalls({ host: new SmallHost() });
    sys.umount2(hostPath('/view'), MNT_DETACH);
    expect(sys.state.assumptions).to.deep.equal([]);
    expect(() => sys.statx(AT_FDCWD, hostPath('/view/motd'), NO_AT, STATX_BASIC_STATS)).to.throw(
      'ENOENT',
    );
    expect(sys.state.assumptions).to.deep.equal([
      '/view is an empty directory below what is mounted there',
    ]);
  });

  it('locks the mounts of the machine in a user namespace, which starts where the caller is', () => {
    const ids = [{ inside: 0, outside: 1000, count: 1 }];
    const userNamespace = { owner: 1000, uidMap: ids, gidMap: ids };
    const sys = new MockSyscalls({ host: new SmallHost(), credentials: { userNamespace } });
    expect(sys.getcwd()).to.equal('/etc');
    expect(() => sys.umount2(hostPath('/view'), MNT_DETACH)).to.throw('EINVAL');
    expect(sys.state.mountinfo).to.match(/ \/ \/ rw,relatime master:\d+ - ext4/);
  });

  it('starts as this machine, and leaves it alone', function () {
    if (process.platform !== 'linux') this.skip();
    const before = readFileSync('/proc/self/mountinfo', 'utf8');
    const sys = new MockSyscalls({ host: new NodeHostReader() });
    expect(normalizeMountinfo(sys.state.mountinfo)).to.deep.equal(normalizeMountinfo(before));
    sys.mount(sourceName('tmpfs'), hostPath('/'), 'tmpfs', 0 as MountFlags, '');
    expect(sys.statx(AT_FDCWD, hostPath('/dev/null'), NO_AT, STATX_BASIC_STATS).rdev).to.deep.equal(
      { major: 1, minor: 3 },
    );
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).to.equal(before);
  });
});
