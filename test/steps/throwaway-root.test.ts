import { expect } from 'chai';
import { createPreset } from '../../src/steps/presets.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { file } from '../../src/syscalls/model/seed-tree.js';
import { parseMountinfo } from '../../src/syscalls/mountinfo.js';
import { failure, run } from './step-trial.js';

const throwaway = (): ReturnType<typeof createPreset> =>
  createPreset('standard', { throwaway: true });

describe('throwaway-root', () => {
  it("shows this machine's files in a root that is not this machine's", () => {
    const sys = new MockSyscalls({ files: { '/etc/motd': file('hello') } });
    run(sys, throwaway(), { rootfs: undefined });
    const motd = sys.state.tree('/etc').find(({ path }) => path === 'motd');
    expect(motd?.content).to.equal('hello');
    const [root] = parseMountinfo(sys.state.mountinfo);
    expect([root?.mountPoint, root?.fstype]).to.deep.equal(['/', 'overlay']);
  });

  it('is taken back', () => {
    const sys = new MockSyscalls();
    const before = sys.state.mountinfo.replace(/ (shared|master):\d+/g, '');
    sys.failAt(1, 'EBUSY', 'pivot_root');
    expect(failure(sys, throwaway(), { rootfs: undefined }).undo).to.equal('done');
    expect(sys.state.descriptors).to.have.length(3);
    expect(sys.state.mountinfo.replace(/ (shared|master):\d+/g, '')).to.equal(before);
  });
});
