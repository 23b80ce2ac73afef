import { expect } from 'chai';
import {
  createPreset,
  StepError,
  type CallArgs,
  type CallName,
  type CallResult,
  type RunReport,
  type Syscalls,
} from 'nsinit';
import { InterceptedSyscalls, type Proceed } from '../../src/syscalls/intercepted-syscalls.js';
import { MockSyscalls, type MockOptions } from 'nsinit/testing';

/** A machine that still runs on the root with which it was booted. */
class OnInitramfs extends InterceptedSyscalls {
  constructor(readonly machine: MockSyscalls) {
    super(machine);
  }

  protected override intercept<N extends CallName>(
    name: N,
    args: CallArgs<N>,
    proceed: Proceed<N>,
  ): CallResult<N> {
    if (name === 'pivot_root') this.machine.failAt(1, 'EINVAL', 'pivot_root');
    const result = proceed();
    if (name !== 'read') return result;
    const text = Buffer.from(result as Uint8Array).toString();
    return Buffer.from(text.replaceAll(' - ext4 ', ' - rootfs ')) as unknown as CallResult<N>;
  }
}

function run(sys: Syscalls, noFallbacks = false): RunReport {
  return createPreset('standard').run({
    syscalls: sys,
    rootfs: '/srv/root',
    force: true,
    noFallbacks,
  });
}

const failing = (options: MockOptions, propagation?: 'rshared'): string => {
  const sys = new MockSyscalls(options);
  const pipeline = createPreset('standard', { propagation }).remove('verify');
  try {
    pipeline.run({ syscalls: sys, rootfs: '/srv/root', force: true, noFallbacks: true });
    return 'it worked';
  } catch (error) {
    expect(error).to.be.instanceOf(StepError);
    return (error as StepError).message;
  }
};

describe('a modelled odd host', () => {
  it('with fs.mount-max reached: says which setting to raise', () => {
    expect(failing({ mountMax: 14 })).to.match(/ENOSPC.*raise fs\.mount-max/);
  });

  it('with the initramfs as its root: moves the new root, as a fallback that can be forbidden', () => {
    const sys = new OnInitramfs(new MockSyscalls());
    expect(run(sys).fallbacks.map(({ fallback }) => fallback)).to.deep.equal(['move-root']);
    expect(sys.machine.callsOf('chroot')).to.have.length(1);
    expect(() => run(new OnInitramfs(new MockSyscalls()), true)).to.throw(
      StepError,
      'is the initramfs, which cannot be pivoted: use --no-pivot',
    );
  });

  it('where each new call is missing: takes its fallback, or names it', () => {
    const calls = ['fsopen', 'fsmount', 'open_tree', 'move_mount', 'mount_setattr'] as const;
    for (const errno of ['ENOSYS', 'EPERM'] as const) {
      const refused = Object.fromEntries(calls.map((call) => [call, errno]));
      const { fallbacks } = run(new MockSyscalls({ refused }));
      expect(new Set(fallbacks.map(({ fallback }) => fallback))).to.deep.equal(
        new Set(['old-mount-api']),
      );
      expect(failing({ refused })).to.include(errno);
    }
  });

  it('keeps the flags of a mount that is remounted read-only', () => {
    const sys = new MockSyscalls({
      refused: { mount_setattr: 'ENOSYS' },
      mounts: [
        { at: '/proc', type: 'proc' },
        { at: '/sys', type: 'sysfs' },
        { at: '/srv/root', type: 'tmpfs', flags: ['nosuid', 'nodev', 'noexec', 'noatime'] },
      ],
    });
    createPreset('standard', { readonly: true })
      .remove('device-nodes')
      .run({ syscalls: sys, rootfs: '/srv/root', force: true });
    const remount = sys.callsOf('mount').at(-1);
    expect(remount?.args[1]).to.equal('/');
    // MS_RDONLY|MS_NOSUID|MS_NODEV|MS_NOEXEC|MS_REMOUNT|MS_NOATIME|MS_BIND
    expect(remount?.args[3]).to.equal(0x1 | 0x2 | 0x4 | 0x8 | 0x20 | 0x400 | 0x1000);
  });
});
