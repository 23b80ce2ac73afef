import { expect } from 'chai';
import type { RunReport } from 'nsinit';
import { CgroupMountStep, type CgroupMountOptions } from 'nsinit/plugins/cgroup-mount';
import { directory, MockSyscalls, symlink, type SeedMount } from 'nsinit/testing';
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

const PROC: SeedMount = { at: '/proc', type: 'proc' };
const UNIFIED: readonly SeedMount[] = [PROC, { at: '/sys/fs/cgroup', type: 'cgroup2' }];
const LEGACY: readonly SeedMount[] = [
  PROC,
  { at: '/sys/fs/cgroup', type: 'tmpfs', options: 'mode=755' },
  { at: '/sys/fs/cgroup/cpu,cpuacct', type: 'cgroup', options: 'cpu,cpuacct' },
  { at: '/sys/fs/cgroup/memory', type: 'cgroup', options: 'memory' },
  { at: '/sys/fs/cgroup/systemd', type: 'cgroup', options: 'name=systemd' },
];
const HYBRID = [...LEGACY, { at: '/sys/fs/cgroup/unified', type: 'cgroup2' }];

const machine = (mounts: readonly SeedMount[]): MockSyscalls => new MockSyscalls({ mounts });
/** The cgroup namespace is that of process 1. */
const sharing = (mounts: readonly SeedMount[]): MockSyscalls =>
  machine(mounts).answer('readlinkat', (_, path) => path.endsWith('/ns/cgroup'), 'cgroup:[1]');

function run(sys: MockSyscalls, options: Partial<CgroupMountOptions> = {}): RunReport {
  return runOn(sys, pipelineOf(CgroupMountStep, options));
}

function lines(sys: MockSyscalls): string[] {
  return mountsOf(sys.state.mountinfo).map((line) => line.replace('/sys/fs/cgroup', '…'));
}

const SAFE = 'nosuid,nodev,noexec,relatime';

describe('plugin cgroup-mount', () => {
  it('mounts the one hierarchy of version 2, read-only', () => {
    const sys = machine(UNIFIED);
    run(sys);
    expect(lines(sys)).to.deep.equal([`… ro,${SAFE} cgroup2 rw`]);
  });

  it('has what a hybrid machine has, each under its name', () => {
    const sys = machine(HYBRID);
    run(sys);
    expect(lines(sys)).to.deep.equal([
      `… ro,${SAFE} tmpfs rw,size=64k,mode=755`,
      `…/cpu,cpuacct ro,${SAFE} cgroup rw,cpu,cpuacct`,
      `…/memory ro,${SAFE} cgroup rw,memory`,
      `…/systemd ro,${SAFE} cgroup rw,name=systemd`,
      `…/unified ro,${SAFE} cgroup2 rw`,
    ]);
    const links = sys.state
      .tree(`${ROOT}/sys/fs/cgroup`)
      .filter(({ target }) => target !== undefined)
      .map(({ path, target }) => `${path} -> ${target}`);
    expect(links).to.deep.equal(['cpu -> cpu,cpuacct', 'cpuacct -> cpu,cpuacct']);
  });

  it('has version 1 alone where the machine has no other', () => {
    const sys = machine(LEGACY);
    run(sys, { readonly: false });
    expect(lines(sys)[0]).to.equal(`… rw,${SAFE} tmpfs rw,size=64k,mode=755`);
    expect(lines(sys).some((line) => line.includes('cgroup2'))).to.equal(false);
  });

  it('takes version 2 alone when told to', () => {
    const sys = machine(HYBRID);
    run(sys, { layout: 'unified', target: '/groups' });
    expect(lines(sys)).to.deep.equal([`/groups ro,${SAFE} cgroup2 rw`]);
    expect(() => run(machine(LEGACY), { layout: 'unified' })).to.throw('no cgroup2 mounted');
    expect(() => run(machine([PROC]))).to.throw('no control groups mounted');
  });

  it("binds the caller's own group where the namespace is the machine's", () => {
    const sys = sharing(HYBRID);
    const { fallbacks } = run(sys);
    expect(fallbacks).to.deep.equal([]);
    expect(sys.callsOf('fsopen').map(({ args }) => args[0])).to.deep.equal(['tmpfs']);
    expect(lines(sys)).to.have.length(5);
    expect(lines(sys).every((line) => / ro,nosuid,nodev,noexec/.test(line))).to.equal(true);
  });

  it('binds it too where no new mount is allowed, and says so', () => {
    const sys = machine(UNIFIED).failAt(1, 'EPERM', 'fsmount');
    const { fallbacks } = run(sys);
    expect(fallbacks.map(({ fallback }) => fallback)).to.deep.equal(['bind-own-group']);
    expect(lines(sys)).to.deep.equal([`… ro,${SAFE} cgroup2 rw`]);
  });

  it('knows the own group below what is mounted', () => {
    const sys = sharing(UNIFIED);
    const { read } = sys;
    sys.read = (fd, length) => {
      const bytes = read.call(sys, fd, length);
      const text = Buffer.from(bytes).toString();
      return text === '0::/\n' ? Buffer.from('0::/no/such\n') : bytes;
    };
    expect(() => run(sys)).to.throw('"/sys/fs/cgroup/no/such"');
  });

  it('does not follow a link of the image to the host', () => {
    const sys = new MockSyscalls({
      mounts: UNIFIED,
      files: { [`${ROOT}/sys`]: symlink('/srv'), [`${ROOT}/srv`]: directory() },
    });
    run(sys);
    expect(mountsOf(sys.state.mountinfo)[0]).to.match(/^\/srv\/fs\/cgroup /);
  });

  it('takes everything back when a later step fails', () => {
    for (const mounts of [UNIFIED, HYBRID]) {
      expectUndone(
        () => machine(mounts),
        () => pipelineOf(CgroupMountStep),
      );
      expectUndone(
        () => sharing(mounts),
        () => pipelineOf(CgroupMountStep),
      );
    }
  });

  it('names the option that is wrong', () => {
    expectRefused(CgroupMountStep, { target: '/' }, 'target');
    expectRefused(CgroupMountStep, { layout: 'v1' }, 'layout');
    expectRefused(CgroupMountStep, { readonly: 1 }, 'readonly');
    expectRefused(CgroupMountStep, { rw: true }, 'rw');
    expectIdempotent(CgroupMountStep, {});
  });

  const module = new URL('./kernel-scenarios.js', import.meta.url);
  const undone = { 'nothing is left of it': { mounts: [], files: [] } };
  const bound = {
    "in the machine's namespace, its own groups": { same: true, readonly: true, left: true },
  };
  itHoldsOnKernel(module, 'root', {
    ...undone,
    ...bound,
    'in a namespace of its own, as the machine has them': {
      same: true,
      readonly: true,
      fallbacks: [],
      layout: true,
      closed: true,
    },
  });
  itHoldsOnKernel(module, 'user-namespace', { ...undone, ...bound });
});
