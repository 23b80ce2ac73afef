import { expect } from 'chai';
import {
  AT_FDCWD,
  DevStep,
  flags,
  hostPath,
  O_CLOEXEC,
  O_CREAT,
  O_WRONLY,
  Pipeline,
  PropagationStep,
  RootSwitchStep,
  USER_NAMESPACE,
  type RunReport,
} from 'nsinit';
import {
  OverlayMountStep,
  OverlayRootStep,
  type OverlayRootOptions,
} from 'nsinit/plugins/overlay-root';
import { directory, file, MockSyscalls } from 'nsinit/testing';
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

const machine = (): MockSyscalls =>
  new MockSyscalls({
    files: {
      [`${ROOT}/etc/own`]: file('root'),
      '/layers/a:b/etc/top': file('a'),
      '/layers/c,d/etc/low': file('c'),
      '/layers/e\\f/etc/low': file('hidden'),
      '/layers/plain/etc': directory(),
      [`/layers/${'x'.repeat(100)}/${'y'.repeat(150)}/etc/deep`]: file('d'),
      '/up': directory(),
    },
  });

const LAYERS = ['/layers/a:b', '/layers/c,d', '/layers/e\\f'];
const overlay = (options: Partial<OverlayRootOptions> = {}): Pipeline =>
  new Pipeline().use(PropagationStep).use(OverlayRootStep, { lower: LAYERS, ...options });

function lineOf(sys: MockSyscalls): string {
  const line = sys.state.mountinfo.split('\n').find((one) => one.includes(' - overlay '));
  const [point, options] = [line?.split(' ')[4], line?.split(' overlay overlay ')[1]];
  return `${point} ${options}`.replace(/fd\/\d+/g, 'fd/N');
}

function run(sys: MockSyscalls, pipeline: Pipeline, inUserNamespace = false): RunReport {
  return runOn(sys, pipeline, [[USER_NAMESPACE, inUserNamespace]]);
}

const UPPER = 'upperdir=/proc/thread-self/fd/N,workdir=/proc/thread-self/fd/N';

describe('plugin overlay-root', () => {
  it('lays directories over each other whatever they are called', () => {
    const sys = machine();
    run(sys, overlay());
    expect(lineOf(sys)).to.equal(
      `${ROOT} rw,lowerdir+=/layers/a:b,lowerdir+=/layers/c\\054d,lowerdir+=/layers/e\\134f,${UPPER}`,
    );
    const files = sys.state.tree(`${ROOT}/etc`).map(({ path, content }) => `${path} ${content}`);
    expect(files).to.deep.equal(['low c', 'top a']);
  });

  it("covers the run's root directory, and has that below when no layer is given", () => {
    const sys = machine();
    run(sys, overlay({ lower: [] }).use(DevStep).use(RootSwitchStep));
    const paths = sys.state.tree('/').map(({ path }) => path);
    expect(paths).to.include('etc/own');
    expect(paths).to.include('dev');
  });

  it('hides nothing of the host but the directory that it covers', () => {
    const sys = machine();
    const mounts = (): string[] =>
      sys.state.mountinfo.split('\n').map((line) => line.split(' ')[4] ?? '');
    const before = mounts();
    run(sys, overlay());
    expect(mounts().filter((path) => path !== ROOT)).to.deep.equal(before);
  });

  it('gives older kernels one escaped list, and says so', () => {
    const sys = machine();
    const { fsconfig } = sys;
    sys.fsconfig = (...args) => {
      if (args[2] === 'lowerdir+') sys.failAt(sys.calls.length + 1, 'EINVAL');
      fsconfig.apply(sys, args);
    };
    const { fallbacks } = run(sys, overlay());
    expect(fallbacks.map(({ fallback }) => fallback)).to.deep.equal(['listed-layers']);
    expect(lineOf(sys)).to.equal(
      `${ROOT} rw,lowerdir=/layers/a\\134:b:/proc/thread-self/fd/N:/layers/e\\134\\134f,${UPPER}`,
    );
  });

  it('names a layer by descriptor where its path is too long for an option', () => {
    const sys = machine();
    const deep = `/layers/${'x'.repeat(100)}/${'y'.repeat(150)}`;
    run(sys, overlay({ lower: ['/layers/plain', deep] }));
    expect(lineOf(sys)).to.include('lowerdir+=/layers/plain,lowerdir+=/proc/thread-self/fd/N');
    expect(sys.state.tree(`${ROOT}/etc`).map(({ path }) => path)).to.deep.equal(['deep']);
  });

  it('has an upper directory on disk, which it makes, and the features that were asked for', () => {
    const sys = machine();
    const features = { metacopy: true, index: true, volatile: true, redirectDir: 'on' } as const;
    run(sys, overlay({ upper: '/up/u\\p', work: '/up/work', ...features }));
    expect(lineOf(sys)).to.match(
      /upperdir=\/up\/u\\134\\134p,workdir=\/up\/work,redirect_dir=on,index=on,metacopy=on,fsync=volatile$/,
    );
  });

  it("takes users' attributes in a user namespace", () => {
    const sys = machine();
    run(sys, overlay(), true);
    expect(lineOf(sys)).to.match(/,userxattr$/);
    expect(() => run(machine(), overlay({ metacopy: true }), true)).to.throw(
      'cannot be had with userxattr',
    );
  });

  it('covers a directory of the container with an overlay of it, which the image does not see', () => {
    const sys = machine();
    runOn(sys, pipelineOf(OverlayMountStep, { target: '/etc', nosuid: true, nodev: true }));
    const how = { flags: flags(O_WRONLY, O_CREAT, O_CLOEXEC), mode: 0o600 };
    sys.close(sys.openat2(AT_FDCWD, hostPath(`${ROOT}/etc/new`), how));
    const names = (crossMounts: boolean): readonly string[] =>
      sys.state
        .tree(ROOT, { crossMounts })
        .map(({ path }) => path)
        .filter((path) => path.startsWith('etc/'));
    expect(names(true)).to.deep.equal(['etc/new', 'etc/own']);
    expect(names(false)).to.deep.equal(['etc/own']);
    expect(mountsOf(sys.state.mountinfo)[0]).to.match(/^\/etc rw,nosuid,nodev,relatime overlay /);
  });

  it('lays layers over each other in a place that it makes', () => {
    const sys = machine();
    const options = { target: '/a/b', lower: LAYERS, upper: '/up/u', work: '/up/w' };
    runOn(sys, pipelineOf(OverlayMountStep, options));
    const files = sys.state.tree(`${ROOT}/a/b/etc`).map(({ path }) => path);
    expect(files).to.deep.equal(['low', 'top']);
    expect(() => runOn(machine(), pipelineOf(OverlayMountStep, { target: '/none' }))).to.throw(
      '"/none"',
    );
    expectUndone(machine, () => pipelineOf(OverlayMountStep, options));
    expectRefused(OverlayMountStep, { lower: ['/a'] }, 'target');
    expectRefused(OverlayMountStep, { target: '/a', nosuid: 1 }, 'nosuid');
    expectIdempotent(OverlayMountStep, { ...options, readonly: false });
  });

  it('passes on what the kernel says of a layer', () => {
    const sys = machine();
    expect(() => run(sys, overlay({ lower: ['/no'] }))).to.throw('openat2(AT_FDCWD, "/no"');
    const inside = { upper: '/up', work: '/up/inside' };
    expect(() => run(sys, overlay(inside))).to.throw('must be separate subtrees');
  });

  it('takes everything back when a later step fails', () => {
    expectUndone(machine, () => overlay().use(DevStep));
    expectUndone(machine, () => overlay({ upper: '/up/a', work: '/up/b' }).use(DevStep));
    expectUndone(machine, () => overlay({ upper: 'none' }));
  });

  it('names the option that is wrong', () => {
    const wrong = (options: object, option: string): void =>
      expectRefused(OverlayRootStep, options, option);
    wrong({ lower: ['a'] }, 'lower[0]');
    wrong({ lower: '/a' }, 'lower');
    wrong({ upper: 'disk' }, 'upper');
    wrong({ upper: '/u' }, 'work');
    wrong({ work: '/w' }, 'work');
    wrong({ upper: '/u', work: '/w', size: '1m' }, 'size');
    wrong({ upper: 'none', lower: ['/a'] }, 'lower');
    wrong({ upper: 'none', lower: ['/a', '/b'], volatile: true }, 'volatile');
    wrong({ redirectDir: 'sometimes' }, 'redirectDir');
    wrong({ userxattr: true, metacopy: true }, 'metacopy');
    wrong({ metacopy: 'on' }, 'metacopy');
    wrong({ lowerdir: '/a' }, 'lowerdir');
    expectIdempotent(OverlayRootStep, { lower: ['/a'], upper: '/u', work: '/w', index: false });
  });

  const module = new URL('./kernel-scenarios.js', import.meta.url);
  const names = ['0', '1', '2', 'new'];
  const layers = 'lowerdir+=/mnt/a:b,lowerdir+=/mnt/c\\054d,lowerdir+=/mnt/e\\134f';
  itHoldsOnKernel(module, 'root', {
    'layers with odd names under a tmpfs': {
      line: `overlay overlay rw,${layers},${UPPER}`,
      seen: names,
      below: false,
    },
    'an upper directory on disk': { left: [], kept: [], length: 4, upper: 'x' },
    'no upper directory': 'EROFS',
    'a root that can be switched to': ['dev', 'etc', 'proc', 'sys'],
    'an overlay of what it covers': { seen: ['new', 'own'], below: ['own'] },
  });
  itHoldsOnKernel(module, 'user-namespace', {
    'in a user namespace': {
      line: `overlay overlay rw,${layers},${UPPER},userxattr`,
      seen: names,
    },
    'no upper directory': 'EROFS',
    'an overlay of what it covers': { seen: ['new', 'own'], below: ['own'] },
  });
});
