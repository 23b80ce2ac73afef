import { expect } from 'chai';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { BindRootfsStep } from '../../src/steps/bind-rootfs.js';
import { PtmxStep } from '../../src/steps/ptmx.js';
import { PropagationStep } from '../../src/steps/propagation.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { alsoMounted, failure, mountsBelow, ROOT, run } from './step-trial.js';

describe('bind-rootfs', () => {
  it('makes the root a mount point, with what is mounted below it', () => {
    const sys = new MockSyscalls(alsoMounted({ at: `${ROOT}/data`, type: 'tmpfs' }));
    run(sys, new Pipeline().use(PropagationStep).use(BindRootfsStep));
    // What it covers is still in the table.
    expect(mountsBelow(sys, ROOT).map(({ mountPoint }) => mountPoint)).to.deep.equal([
      `${ROOT}/data`,
      ROOT,
      `${ROOT}/data`,
    ]);
  });

  it('lets later steps work on the new mount and not below it', () => {
    const sys = new MockSyscalls();
    run(sys, new Pipeline().use(BindRootfsStep, { readonly: true }), {});
    const error = failure(
      new MockSyscalls(),
      new Pipeline().use(BindRootfsStep, { readonly: true }).use(PtmxStep),
    );
    expect([error.step, error.message.includes('EROFS')]).to.deep.equal(['ptmx', true]);
  });

  it('makes the mount around the root private where it is shared, when asked', () => {
    const sys = new MockSyscalls(alsoMounted({ at: '/srv', type: 'tmpfs', propagation: 'shared' }));
    run(sys, new Pipeline().use(BindRootfsStep, { privateParent: true }), { rootfs: '/srv' });
    const [around, own] = mountsBelow(sys, '/srv');
    expect([around?.shared, own?.shared]).to.deep.equal([false, false]);
  });

  it('is taken back', () => {
    const sys = new MockSyscalls();
    const before = sys.state.mountinfo;
    sys.failAt(1, 'EIO', 'symlinkat');
    expect(failure(sys, new Pipeline().use(BindRootfsStep).use(PtmxStep)).undo).to.equal('done');
    expect(sys.state.mountinfo).to.equal(before);
    expect(sys.state.descriptors).to.have.length(3);
  });
});
