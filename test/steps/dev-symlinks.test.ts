import { expect } from 'chai';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { DevSymlinksStep } from '../../src/steps/dev-symlinks.js';
import { SystemMountsStep } from '../../src/steps/system-mounts.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { directory, file } from '../../src/syscalls/model/seed-tree.js';
import { failure, filesBelow, ROOT, run } from './step-trial.js';

const LINKS = [
  'fd 120777 /proc/self/fd',
  'stderr 120777 /proc/self/fd/2',
  'stdin 120777 /proc/self/fd/0',
  'stdout 120777 /proc/self/fd/1',
];
const always = (): Pipeline => new Pipeline().use(DevSymlinksStep, { always: true });

describe('dev-symlinks', () => {
  it('links to what is there', () => {
    const sys = new MockSyscalls();
    run(sys, new Pipeline().use(DevSymlinksStep));
    expect(filesBelow(sys, `${ROOT}/dev`)).to.deep.equal([]);
    const withProc = new MockSyscalls();
    run(withProc, new Pipeline().use(SystemMountsStep, { classic: true }).use(DevSymlinksStep));
    expect(filesBelow(withProc, `${ROOT}/dev`)).to.include.members(LINKS);
  });

  it("links whatever is there in the seed's way, kcore too", () => {
    const sys = new MockSyscalls();
    run(sys, always());
    expect(filesBelow(sys, `${ROOT}/dev`)).to.deep.equal(['core 120777 /proc/kcore', ...LINKS]);
  });

  it('replaces a file and an empty directory, never one with something in it', () => {
    const sys = new MockSyscalls({
      files: { [`${ROOT}/dev/fd`]: file('x'), [`${ROOT}/dev/stdin`]: directory() },
    });
    run(sys, always());
    expect(filesBelow(sys, `${ROOT}/dev`)).to.include.members(LINKS);
    const full = new MockSyscalls({ files: { [`${ROOT}/dev/stdin/keep`]: file('x') } });
    const error = failure(full, always());
    expect(error.message).to.include('"stdin", AT_REMOVEDIR): ENOTEMPTY');
    expect(filesBelow(full, `${ROOT}/dev`)).to.deep.equal(['stdin 40755', 'stdin/keep 100644']);
  });
});
