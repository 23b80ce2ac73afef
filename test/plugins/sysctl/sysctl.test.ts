import { expect } from 'chai';
import { AT_FDCWD, hostPath, MS_BIND, O_RDONLY, readAll, type Syscalls } from 'nsinit';
import { SysctlStep, type SysctlOptions } from 'nsinit/plugins/sysctl';
import { file, MockSyscalls } from 'nsinit/testing';
import { expectIdempotent, expectRefused, expectUndone, pipelineOf, runOn } from '../kit.js';
import { itHoldsOnKernel } from '../on-kernel.js';

function read(sys: Syscalls, path: string): string {
  const fd = sys.openat2(AT_FDCWD, hostPath(`/proc/sys/${path}`), { flags: O_RDONLY });
  try {
    return readAll(sys, fd).trim();
  } finally {
    sys.close(fd);
  }
}

const setting = (settings: SysctlOptions['settings'], force = false) =>
  pipelineOf(SysctlStep, { settings, force });

describe('plugin sysctl', () => {
  it('sets what it is told, in the spelling of sysctl(8)', () => {
    const sys = new MockSyscalls();
    runOn(
      sys,
      setting({ 'net.core.somaxconn': '77', 'kernel/sem': '250 32000', 'fs.mqueue.msg_max': '20' }),
    );
    expect(read(sys, 'net/core/somaxconn')).to.equal('77');
    expect(read(sys, 'kernel/sem')).to.match(/^250\t32000\t/);
    expect(read(sys, 'fs/mqueue/msg_max')).to.equal('20');
  });

  it('writes through a proc of its own, past what is mounted over the other', () => {
    const sys = new MockSyscalls({ files: { '/fake': file('harmless') } });
    const path = hostPath('/proc/sys/net/core/somaxconn');
    sys.mount(hostPath('/fake'), path, '', MS_BIND, '');
    runOn(sys, setting({ 'net.core.somaxconn': '77' }));
    expect(read(sys, 'net/core/somaxconn')).to.equal('harmless');
    sys.umount2(path, 0 as never);
    expect(read(sys, 'net/core/somaxconn')).to.equal('77');
  });

  it("takes the host's proc where it may make none, and nothing that is mounted in it", () => {
    const machine = (): MockSyscalls => new MockSyscalls({ files: { '/fake': file('harmless') } });
    const sys = machine().failAt(1, 'EPERM', 'fsmount');
    const { fallbacks } = runOn(sys, setting({ 'net.core.somaxconn': '77' }));
    expect(fallbacks.map(({ fallback }) => fallback)).to.deep.equal(['mounted-proc']);
    expect(read(sys, 'net/core/somaxconn')).to.equal('77');
    const covered = machine().failAt(1, 'EPERM', 'fsmount');
    const path = hostPath('/proc/sys/net/core/somaxconn');
    covered.mount(hostPath('/fake'), path, '', MS_BIND, '');
    expect(() => runOn(covered, setting({ 'net.core.somaxconn': '77' }))).to.throw('EXDEV');
    expect(read(covered, 'net/core/somaxconn')).to.equal('harmless');
  });

  it("leaves the machine's settings alone, unless forced", () => {
    expectRefused(SysctlStep, { settings: { 'vm.swappiness': '1' } }, 'settings.vm.swappiness');
    SysctlStep.parse({ settings: { 'vm.swappiness': '1' }, force: true });
    const shared = (): MockSyscalls =>
      new MockSyscalls().answer('readlinkat', (_, path) => path.endsWith('/net'), 'net:[1]');
    const sys = shared();
    expect(() => runOn(sys, setting({ 'net.core.somaxconn': '77' }))).to.throw(
      "net.core.somaxconn is the machine's: give the container a net namespace of its own",
    );
    expect(sys.callsOf('write')).to.deep.equal([]);
    const forced = shared();
    runOn(forced, setting({ 'net.core.somaxconn': '77' }, true));
    expect(read(forced, 'net/core/somaxconn')).to.equal('77');
  });

  it('says which value was not taken', () => {
    expect(() => runOn(new MockSyscalls(), setting({ 'kernel.shm_rmid_forced': '2' }))).to.throw(
      'kernel.shm_rmid_forced does not take "2"',
    );
  });

  it('takes everything back when a later step fails', () => {
    const sys = new MockSyscalls();
    const before = read(sys, 'kernel/shmmni');
    expectUndone(
      () => sys,
      () => setting({ 'kernel.shmmni': '5', 'kernel.hostname': 'box', 'net.core.somaxconn': '6' }),
    );
    expect(read(sys, 'kernel/shmmni')).to.equal(before);
    expect(read(sys, 'net/core/somaxconn')).to.equal('4096');
  });

  it('names the option that is wrong', () => {
    const wrong = (settings: unknown, option: string): void =>
      expectRefused(SysctlStep, { settings }, option);
    wrong({ swappiness: '1' }, 'settings.swappiness');
    wrong({ 'net.../../x': '1' }, 'settings.net.../../x');
    wrong({ 'net/../kernel/panic': '1' }, 'settings.net/../kernel/panic');
    wrong({ 'net.core.somaxconn': true }, 'settings.net.core.somaxconn');
    wrong(['a'], 'settings');
    expectRefused(SysctlStep, { setings: {} }, 'setings');
    expectIdempotent(SysctlStep, { settings: { 'net.core.somaxconn': 7 } });
  });

  const module = new URL('./kernel-scenarios.js', import.meta.url);
  const own = {
    failed: 'step test:fail: a later step failed',
    undone: ['4096', '4096'],
    set: ['77', '88', '0\t0'],
  };
  itHoldsOnKernel(module, 'root', {
    "the machine's settings stay": {
      message:
        "step sysctl: net.core.somaxconn is the machine's: give the container a net namespace of its own, or pass force",
      same: true,
    },
    'settings of its own, and back': { ...own, fallbacks: [] },
    'a value that it does not take':
      'step sysctl: write(<mount:proc/sys/net/core/somaxconn>, "many", 4): EINVAL: invalid argument (net.core.somaxconn does not take "many")',
  });
  itHoldsOnKernel(module, 'user-namespace', {
    'settings of its own, and back': { ...own, fallbacks: ['mounted-proc'] },
  });
});
