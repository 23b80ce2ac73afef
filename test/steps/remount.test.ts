import { expect } from 'chai';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { RemountProcStep } from '../../src/steps/remount-proc.js';
import { RemountSysStep } from '../../src/steps/remount-sys.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { directory } from '../../src/syscalls/model/seed-tree.js';
import { failure, mountsBelow, run, userNamespace } from './step-trial.js';

const STEPS = [
  ['/proc', 'proc', RemountProcStep],
  ['/sys', 'sysfs', RemountSysStep],
] as const;

describe('remount-proc and remount-sys', () => {
  for (const [at, type, step] of STEPS) {
    it(`put a new ${type} where the old one was`, () => {
      const sys = new MockSyscalls();
      const [before] = mountsBelow(sys, at);
      run(sys, new Pipeline().use(step), { rootfs: undefined });
      const [after] = mountsBelow(sys, at);
      expect([after?.fstype, after?.options]).to.deep.equal([
        type,
        'rw,nosuid,nodev,noexec,relatime',
      ]);
      expect(after?.id).not.to.equal(before?.id);
    });
  }

  it('leave /sys as it is where nothing is mounted, as the seed', () => {
    const sys = new MockSyscalls({ mounts: [], files: { '/sys': directory() } });
    run(sys, new Pipeline().use(RemountSysStep), { rootfs: undefined });
    expect(sys.callsOf('mount')).to.deep.equal([]);
  });

  it('say that a locked mount cannot be replaced', () => {
    const sys = new MockSyscalls(userNamespace());
    const error = failure(sys, new Pipeline().use(RemountProcStep), { rootfs: undefined });
    expect(error.message).to.include('umount2("/proc", MNT_DETACH): EINVAL');
  });
});
