import { expect } from 'chai';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { DevStep } from '../../src/steps/dev.js';
import { PtmxStep } from '../../src/steps/ptmx.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { file, symlink } from '../../src/syscalls/model/seed-tree.js';
import { failure, filesBelow, mountsBelow, ROOT, run } from './step-trial.js';

describe('dev', () => {
  it('mounts a tmpfs in whose directory others cannot make files', () => {
    const sys = new MockSyscalls();
    run(sys, new Pipeline().use(DevStep, { size: '1m' }));
    const [dev] = mountsBelow(sys, `${ROOT}/dev`);
    expect([dev?.fstype, dev?.options, dev?.superOptions]).to.deep.equal([
      'tmpfs',
      'rw,nosuid,noexec,relatime',
      'rw,size=1024k,mode=755',
    ]);
  });

  it('hides what the image has there, and leaves it alone', () => {
    const sys = new MockSyscalls({ files: { [`${ROOT}/dev/null`]: file('not a device') } });
    run(sys, new Pipeline().use(DevStep).use(PtmxStep));
    expect(filesBelow(sys, `${ROOT}/dev`)).to.deep.equal(['ptmx 120777 pts/ptmx']);
    expect(sys.state.tree(ROOT, { crossMounts: false }).map(({ path }) => path)).to.deep.equal([
      'dev',
      'dev/null',
    ]);
  });

  it('stays in the root where /dev leads out of it', () => {
    const sys = new MockSyscalls({ files: { [`${ROOT}/dev`]: symlink('/../../../etc') } });
    const error = failure(sys, new Pipeline().use(DevStep));
    expect(error.undo).to.equal('done');
    expect(mountsBelow(sys, '/etc')).to.deep.equal([]);
    expect(sys.state.tree('/etc')).to.deep.equal([]);
  });

  it('is taken back with the directory that it made', () => {
    const sys = new MockSyscalls();
    sys.failAt(1, 'EIO', 'symlinkat');
    expect(failure(sys, new Pipeline().use(DevStep).use(PtmxStep)).undo).to.equal('done');
    expect([mountsBelow(sys, ROOT), filesBelow(sys, ROOT)]).to.deep.equal([[], []]);
  });

  it('refuses an option that there is not', () => {
    expect(() => new Pipeline().use(DevStep, { sise: '1m' } as object)).to.throw(
      'dev: there is no option sise; there are size',
    );
  });
});
