import { expect } from 'chai';
import { hostPath, S_IFMT, sourceName, type MountFlags, type Pipeline } from 'nsinit';
import { TmpfsReadonlyStep, TmpfsStep, type TmpfsOptions } from 'nsinit/plugins/tmpfs';
import {
  charDevice,
  directory,
  fifo,
  file,
  MockSyscalls,
  socket,
  symlink,
  type MockOptions,
} from 'nsinit/testing';
import {
  expectIdempotent,
  expectRefused,
  expectUndone,
  mountsOf,
  pipelineOf,
  ROOT,
  runOn,
} from '../kit.js';
import { itHoldsOnKernel } from '../on-kernel.js';

const COVERED = {
  [`${ROOT}/var`]: directory(0o1750, { uid: 7, gid: 8 }),
  [`${ROOT}/var/file`]: file('content', 0o4751, { uid: 1, gid: 2 }),
  [`${ROOT}/var/link`]: symlink('../etc/shadow', { uid: 3 }),
  [`${ROOT}/var/fifo`]: fifo(0o622),
  [`${ROOT}/var/socket`]: socket(0o755),
  [`${ROOT}/var/null`]: charDevice(1, 3, 0o666),
  [`${ROOT}/var/deep/er`]: directory(0o2711, { gid: 5 }),
  [`${ROOT}/var/deep/er/empty`]: file(''),
  [`${ROOT}/var/mounted`]: directory(),
};

function machine(options: MockOptions = {}): MockSyscalls {
  const sys = new MockSyscalls({ files: COVERED, ...options });
  sys.mount(sourceName('other'), hostPath(`${ROOT}/var/mounted`), 'tmpfs', 0 as MountFlags, '');
  sys.state.plant(`${ROOT}/var/mounted/secret`, file('not copied'));
  return sys;
}

function mount(options: Partial<TmpfsOptions>): string[] {
  const sys = machine();
  runOn(sys, pipelineOf(TmpfsStep, options));
  return mountsOf(sys.state.mountinfo).filter((line) => !line.startsWith('/var/mounted'));
}

const copying = (): Pipeline => pipelineOf(TmpfsStep, { target: '/var', copyUp: true });

describe('plugin tmpfs', () => {
  it('has the size, number of files, mode and owner that were asked for', () => {
    expect(
      mount({ target: '/new', size: '64m', inodes: 10, mode: 0o700, uid: 1, gid: 2, noexec: true }),
    ).to.deep.equal([
      '/new rw,nosuid,nodev,noexec,relatime tmpfs rw,size=65536k,nr_inodes=10,mode=700,uid=1,gid=2',
    ]);
  });

  it('has the mode of what it covers, and that of /tmp where nothing was', () => {
    expect(mount({ target: '/var' })[0]).to.include('mode=1750');
    expect(mount({ target: '/new' })[0]).to.equal('/new rw,nosuid,nodev,relatime tmpfs rw');
  });

  it('copies files of all types with owners, modes and times', () => {
    const sys = machine();
    const withoutMounted = (path: string): unknown =>
      sys.state.tree(path).filter((one) => !one.path.startsWith('mounted'));
    const before = withoutMounted(`${ROOT}/var`);
    const stat = (): unknown => {
      const { mtime, uid, gid, mode } = sys.statx(
        -100 as never,
        hostPath(`${ROOT}/var/deep/er`),
        0 as never,
        0 as never,
      );
      return { mtime, uid, gid, mode };
    };
    const deep = stat();
    runOn(sys, copying());
    expect(withoutMounted(`${ROOT}/var`)).to.deep.equal(before);
    expect(stat()).to.deep.equal(deep);
    expect(sys.state.tree(`${ROOT}/var/mounted`)).to.deep.equal([]);
    const root = sys.state.tree(ROOT).find(({ path }) => path === 'var');
    expect([root?.mode, root?.uid, root?.gid]).to.deep.equal([0o1750, 7, 8]);
    expect(sys.state.umask).to.equal(0o022);
  });

  it('becomes read-only after the copy', () => {
    const sys = machine();
    runOn(sys, pipelineOf(TmpfsStep, { target: '/var', copyUp: true, readonly: true }));
    expect(mountsOf(sys.state.mountinfo).at(-1)).to.match(/^\/var ro,nosuid,nodev/);
    expect(sys.state.tree(`${ROOT}/var`)).to.have.length.greaterThan(5);
  });

  it('leaves device nodes out where it may not make them, and says so', () => {
    const sys = machine();
    sys.failAt(3, 'EPERM', 'mknodat');
    const { fallbacks } = runOn(sys, copying());
    expect(fallbacks).to.have.length(1);
    expect(fallbacks[0]?.fallback).to.equal('skip-devices');
    const nodes = sys.state.tree(`${ROOT}/var`).filter(({ type }) => type === (0o020000 & S_IFMT));
    expect(nodes).to.deep.equal([]);
  });

  it('owns what belongs to ids that are not mapped, and says so', () => {
    const sys = machine();
    sys.failAt(1, 'EINVAL', 'fchownat');
    const { fallbacks } = runOn(sys, copying());
    expect(fallbacks.map(({ fallback }) => fallback)).to.deep.equal(['caller-owns']);
  });

  it('refuses a file that is swapped while it is copied', () => {
    const sys = machine();
    const { statx } = sys;
    sys.statx = (...args) => {
      const stat = statx.apply(sys, args);
      if ((stat.mode & 0o7777) === 0o4751) {
        sys.state.uproot(`${ROOT}/var/file`);
        sys.state.plant(`${ROOT}/var/file`, file('another'));
      }
      return stat;
    };
    expect(() => runOn(sys, copying())).to.throw('became another file while it was copied');
  });

  it('is made read-only at the end, and nothing else is', () => {
    const sys = machine();
    const pipeline = pipelineOf(TmpfsStep, { target: '/new' });
    runOn(sys, pipeline.use(TmpfsReadonlyStep, { targets: ['/new'] }));
    expect(mountsOf(sys.state.mountinfo).at(-1)).to.match(/^\/new ro,nosuid,nodev/);
    expect(() => runOn(machine(), pipelineOf(TmpfsReadonlyStep, { targets: ['/var'] }))).to.throw(
      '/var is not a tmpfs of its own',
    );
  });

  it('takes everything back when a later step fails', () => {
    expectUndone(machine, copying);
    expectUndone(machine, () =>
      pipelineOf(TmpfsStep, { target: '/made/for/it' }).use(TmpfsReadonlyStep, {
        targets: ['/made/for/it', '/var/mounted'],
      }),
    );
  });

  it('names the option that is wrong', () => {
    const wrong = (options: object, option: string): void =>
      expectRefused(TmpfsStep, { target: '/t', ...options }, option);
    expectRefused(TmpfsStep, {}, 'target');
    wrong({ target: '/' }, 'target');
    for (const size of ['0', '-1', '64q', '1.5m', '%', 0, true]) wrong({ size }, 'size');
    wrong({ inodes: -1 }, 'inodes');
    wrong({ mode: '999' }, 'mode');
    wrong({ mode: 0o77777 }, 'mode');
    wrong({ uid: -1 }, 'uid');
    wrong({ gid: 2 ** 32 }, 'gid');
    wrong({ nosuid: 1 }, 'nosuid');
    wrong({ siez: '1m' }, 'siez');
    expectRefused(TmpfsReadonlyStep, { targets: ['/a', 'b'] }, 'targets[1]');
    expectIdempotent(TmpfsStep, { target: '/t', size: 4096, mode: '0700', noexec: true });
  });

  const module = new URL('./kernel-scenarios.js', import.meta.url);
  const limits = '/new ro,nosuid,nodev,noexec,relatime tmpfs rw,size=64k,nr_inodes=10,mode=700';
  const owned = {
    'a copy of what is covered': {
      mode: '1750',
      file: 'content 4751 1:2',
      link: '../etc/shadow 3',
      fifo: 'fifo',
      times: 1_000_000_000_000,
      mounted: [],
      line: '/var rw,nosuid,nodev,relatime tmpfs rw,mode=1750',
    },
  };
  itHoldsOnKernel(module, 'root', {
    ...owned,
    limits: [limits],
    percent: true,
    'at the end': 'EROFS',
  });
  // Ids beside 0 are not mapped there; 65534 stands for those of the machine.
  itHoldsOnKernel(module, 'user-namespace', {
    limits: [`${limits},uid=65534,gid=65534`],
    percent: true,
    'a copy of what others own': {
      fallbacks: ['caller-owns', 'skip-devices'],
      devices: [],
      link: '/proc/self/fd',
    },
    'at the end': 'EROFS',
  });
});
