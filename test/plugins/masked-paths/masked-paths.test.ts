import { expect } from 'chai';
import {
  BindRootfsStep,
  DevStep,
  hostPath,
  MS_NODEV,
  MS_NOEXEC,
  Pipeline,
  PropagationStep,
  sourceName,
  SystemMountsStep,
} from 'nsinit';
import {
  DEFAULT_MASKED_PATHS,
  DEFAULT_READONLY_PATHS,
  MaskedPathsStep,
  type MaskedPathsOptions,
} from 'nsinit/plugins/masked-paths';
import { charDevice, directory, file, MockSyscalls, symlink } from 'nsinit/testing';
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

function machine(): MockSyscalls {
  const sys = new MockSyscalls({
    files: {
      [`${ROOT}/secret/key`]: file('key'),
      [`${ROOT}/other`]: directory(),
      [`${ROOT}/password`]: file('hidden'),
      [`${ROOT}/second`]: file('hidden'),
      [`${ROOT}/way`]: symlink('/secret'),
      [`${ROOT}/settings`]: directory(),
    },
  });
  sys.mount(
    sourceName('tmpfs'),
    hostPath(`${ROOT}/settings`),
    'tmpfs',
    (MS_NODEV | MS_NOEXEC) as typeof MS_NODEV,
    'mode=755',
  );
  return sys;
}

const masking = (options: Partial<MaskedPathsOptions>): Pipeline =>
  pipelineOf(MaskedPathsStep, { masked: [], readonly: [], ...options });

function mask(options: Partial<MaskedPathsOptions>, sys = machine()): string[] {
  runOn(sys, masking(options));
  return mountsOf(sys.state.mountinfo).filter((line) => !line.startsWith('/settings rw'));
}

const EMPTY = 'ro,nosuid,nodev,noexec,relatime tmpfs rw,size=4k,nr_inodes=1,mode=555';
const NULL = 'ro,nosuid,noexec,relatime devtmpfs rw,mode=755';

describe('plugin masked-paths', () => {
  it('hides directories under one file system and files under the null device', () => {
    const sys = machine();
    const masked = ['/secret', '/password', '/other', '/second'];
    expect(mask({ masked }, sys)).to.deep.equal([
      `/secret ${EMPTY}`,
      `/password ${NULL}`,
      `/other ${EMPTY}`,
      `/second ${NULL}`,
    ]);
    expect(sys.callsOf('fsmount')).to.have.length(1);
    expect(sys.state.tree(`${ROOT}/secret`)).to.deep.equal([]);
  });

  it('hides nothing twice, by whatever name', () => {
    const masked = ['/secret', '/secret/', '//secret/.', '/way', '/password'];
    expect(mask({ masked })).to.have.length(2);
    expect(MaskedPathsStep.parse({ masked }).masked).to.deep.equal([
      '/secret',
      '/way',
      '/password',
    ]);
  });

  it('makes paths read-only and keeps their other flags', () => {
    expect(mask({ readonly: ['/settings', '/password'] })).to.deep.equal([
      '/settings ro,nodev,noexec,relatime tmpfs rw,mode=755',
      '/password ro,relatime ext4 rw',
    ]);
  });

  it('passes over what is not there, and nothing else', () => {
    expect(mask({ masked: ['/no'], readonly: ['/no/such'] })).to.deep.equal([]);
    expect(() => mask({ masked: ['/password/x'] })).to.throw('ENOTDIR');
    const sys = machine();
    sys.failAt(1, 'ENOENT', 'move_mount');
    expect(() => mask({ masked: ['/secret'] }, sys)).to.throw('move_mount');
  });

  it("refuses a null device that is none, and does not trust the image's", () => {
    for (const impostor of [file('x'), charDevice(1, 5), symlink('/dev/zero')]) {
      const sys = machine();
      sys.state.uproot('/dev/null');
      sys.state.plant('/dev/null', impostor);
      const descriptors = sys.state.descriptors.length;
      expect(() => mask({ masked: ['/password'] }, sys)).to.throw(
        '/dev/null is not the character device 1:3',
      );
      expect(sys.state.descriptors).to.have.length(descriptors);
    }
    const sys = machine();
    sys.state.plant(`${ROOT}/dev/null`, file('not a device'));
    expect(mask({ masked: ['/password'] }, sys)).to.deep.equal([`/password ${NULL}`]);
  });

  it('covers the lists that runtimes have, where nothing else is asked for', () => {
    const sys = machine();
    const pipeline = new Pipeline()
      .use(PropagationStep)
      .use(BindRootfsStep)
      .use(DevStep)
      .use(SystemMountsStep)
      .use(MaskedPathsStep);
    runOn(sys, pipeline);
    const lines = mountsOf(sys.state.mountinfo);
    expect(lines).to.include(`/proc/kcore ${NULL}`);
    expect(lines).to.include(`/sys/firmware ${EMPTY}`);
    expect(lines.find((line) => line.startsWith('/proc/sys '))).to.match(/ ro,nosuid,nodev,noexec/);
    expect(DEFAULT_MASKED_PATHS).to.include('/proc/timer_list');
    expect(DEFAULT_READONLY_PATHS).to.include('/proc/sysrq-trigger');
  });

  it('takes everything back when a later step fails', () => {
    expectUndone(machine, () =>
      masking({ masked: ['/secret', '/password', '/other'], readonly: ['/settings'] }),
    );
  });

  it('names the option that is wrong', () => {
    expectRefused(MaskedPathsStep, { masked: ['/a', 'b'] }, 'masked[1]');
    expectRefused(MaskedPathsStep, { masked: ['/'] }, 'masked[0]');
    expectRefused(MaskedPathsStep, { readonly: ['/a/../..'] }, 'readonly[0]');
    expectRefused(MaskedPathsStep, { readonly: true }, 'readonly');
    expectRefused(MaskedPathsStep, { hidden: [] }, 'hidden');
    expectIdempotent(MaskedPathsStep, { masked: ['/a//b/'] });
  });

  const module = new URL('./kernel-scenarios.js', import.meta.url);
  const seen = {
    lines: [
      '/settings/below rw,nosuid,relatime tmpfs rw',
      '/settings ro,relatime tmpfs rw,mode=755',
      '/settings/below ro,nosuid,relatime tmpfs rw',
      `/secret ${EMPTY}`,
      '/password ro,nosuid,noexec,relatime devtmpfs',
      `/settings/below ${EMPTY}`,
    ],
    secret: [],
    password: '',
    write: 'EROFS',
    nowhere: 'taken',
    chmod: 'EROFS',
    one: true,
  };
  itHoldsOnKernel(module, 'root', {
    'hidden and read-only': seen,
    'the defaults on a real proc': { sysctl: 'EROFS', interrupts: '', firmware: [] },
  });
  itHoldsOnKernel(module, 'user-namespace', { 'hidden and read-only': seen });
});
