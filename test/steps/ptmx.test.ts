import { expect } from 'chai';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { PtmxStep } from '../../src/steps/ptmx.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { charDevice, symlink } from '../../src/syscalls/model/seed-tree.js';
import { filesBelow, ROOT, run } from './step-trial.js';

describe('ptmx', () => {
  it("replaces the image's node, which would be the host's devpts, by a relative link", () => {
    const sys = new MockSyscalls({ files: { [`${ROOT}/dev/ptmx`]: charDevice(5, 2) } });
    run(sys, new Pipeline().use(PtmxStep));
    expect(filesBelow(sys, `${ROOT}/dev`)).to.deep.equal(['ptmx 120777 pts/ptmx']);
  });

  it("leaves the host's /dev alone where the image's leads there", () => {
    const sys = new MockSyscalls({ files: { [`${ROOT}/dev`]: symlink('../../dev') } });
    const before = sys.state.tree('/dev');
    expect(() => run(sys, new Pipeline().use(PtmxStep))).to.throw(
      '/srv/root/dev must be a directory and no link',
    );
    expect(sys.state.tree('/dev')).to.deep.equal(before);
  });
});
