import { expect } from 'chai';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { LoopDevicesStep } from '../../src/steps/loop-devices.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { blockDevice } from '../../src/syscalls/model/seed-tree.js';
import { filesBelow, ROOT, run, userNamespace } from './step-trial.js';

const loops = (): Pipeline => new Pipeline().use(LoopDevicesStep);

describe('loop-devices', () => {
  it("copies the host's, up to the first that it lacks", () => {
    const sys = new MockSyscalls({ files: { '/dev/loop3': blockDevice(7, 3) } });
    run(sys, loops());
    expect(filesBelow(sys, `${ROOT}/dev`)).to.deep.equal(['loop0 60640', 'loop1 60640']);
  });

  it('leaves what is there already', () => {
    const sys = new MockSyscalls({ files: { [`${ROOT}/dev/loop0`]: blockDevice(7, 0, 0o600) } });
    run(sys, loops());
    expect(filesBelow(sys, `${ROOT}/dev`)).to.deep.equal(['loop0 60600', 'loop1 60640']);
  });

  it('is never fatal: nodes cannot be made in a user namespace', () => {
    const sys = new MockSyscalls(userNamespace());
    run(sys, loops());
    expect(filesBelow(sys, `${ROOT}/dev`)).to.deep.equal([]);
  });
});
