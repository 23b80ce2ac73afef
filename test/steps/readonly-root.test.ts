import { expect } from 'chai';
import { createPreset } from '../../src/steps/presets.js';
import { parseMountinfo } from '../../src/syscalls/mountinfo.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { alsoMounted, ROOT, run } from './step-trial.js';

describe('readonly-root', () => {
  it('keeps what the source has: nosuid, nodev, noexec, noatime', () => {
    const sys = new MockSyscalls(
      alsoMounted({ at: ROOT, type: 'tmpfs', flags: ['nosuid', 'nodev', 'noexec', 'noatime'] }),
    );
    run(sys, createPreset('standard', { readonly: true }));
    const [root] = parseMountinfo(sys.state.mountinfo);
    expect([root?.mountPoint, root?.options]).to.deep.equal([
      '/',
      'ro,nosuid,nodev,noexec,noatime',
    ]);
  });

  it('comes behind every step that writes to the root, or the plan is refused', () => {
    const pipeline = createPreset('classic', { readonly: true });
    expect(() => pipeline.run({ syscalls: new MockSyscalls(), rootfs: ROOT })).to.throw(
      'system-mounts writes to the root and comes after bind-rootfs has made it read-only',
    );
  });
});
