import { expect } from 'chai';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { PtmxStep } from '../../src/steps/ptmx.js';
import { UmaskStep } from '../../src/steps/umask.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { failure, run } from './step-trial.js';

describe('umask', () => {
  it('is 022 unless told otherwise', () => {
    const sys = new MockSyscalls();
    sys.umask(0);
    run(sys, new Pipeline().use(UmaskStep));
    expect(sys.state.umask).to.equal(0o022);
    run(sys, new Pipeline().use(UmaskStep, { mask: 0o077 }));
    expect(sys.state.umask).to.equal(0o077);
  });

  it('is what it was when a later step fails', () => {
    const sys = new MockSyscalls();
    sys.failAt(1, 'EIO', 'symlinkat');
    expect(failure(sys, new Pipeline().use(UmaskStep, { mask: 0 }).use(PtmxStep)).undo).to.equal(
      'done',
    );
    expect(sys.state.umask).to.equal(0o022);
  });

  it('refuses what is no mask', () => {
    for (const mask of [-1, 0o1000, 1.5]) {
      expect(() => new Pipeline().use(UmaskStep, { mask })).to.throw(
        'umask: option mask must be a whole number from 0 to 511',
      );
    }
  });
});
