import { expect } from 'chai';
import { createPreset } from '../../src/steps/presets.js';
import { parseMountinfo } from '../../src/syscalls/mountinfo.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { alsoMounted, failure, ROOT, run } from './step-trial.js';

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

  it('waits a moment for what is being written, and not for ever', () => {
    const pipeline = createPreset('standard', { readonly: true });
    const once = new MockSyscalls();
    const at = once.callsOf('mount_setattr').length + 1;
    once.failAt(at, 'EBUSY', 'mount_setattr');
    run(once, pipeline);
    expect(parseMountinfo(once.state.mountinfo)[0]?.options).to.match(/^ro,/);
    const always = new MockSyscalls();
    for (let tries = 0; tries < 10; tries += 1) always.failAt(at + tries, 'EBUSY', 'mount_setattr');
    expect(failure(always, pipeline).message).to.include(
      'EBUSY: device or resource busy (a process has a file of it open for writing',
    );
  });

  it('comes behind every step that writes to the root, or the plan is refused', () => {
    const pipeline = createPreset('classic', { readonly: true });
    expect(() => pipeline.run({ syscalls: new MockSyscalls(), rootfs: ROOT })).to.throw(
      'system-mounts writes to the root and comes after bind-rootfs has made it read-only',
    );
  });
});
