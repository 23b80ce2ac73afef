import { expect } from 'chai';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { BindRootfsStep } from '../../src/steps/bind-rootfs.js';
import { PropagationStep } from '../../src/steps/propagation.js';
import { RootSwitchStep } from '../../src/steps/root-switch.js';
import { SystemMountsStep } from '../../src/steps/system-mounts.js';
import { parseMountinfo } from '../../src/syscalls/mountinfo.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { file } from '../../src/syscalls/model/seed-tree.js';
import { alsoMounted, failure, mountsBelow, ROOT, run } from './step-trial.js';

const METHODS = ['pivot', 'move', 'classic-pivot', 'classic-move'] as const;
const switched = (method: (typeof METHODS)[number]): Pipeline =>
  new Pipeline()
    .use(PropagationStep, { mode: 'rprivate' })
    .use(BindRootfsStep)
    .use(RootSwitchStep, { method });

describe('root-switch', () => {
  for (const method of METHODS) {
    it(`makes the root the root, with nothing of the host in sight: ${method}`, () => {
      const sys = new MockSyscalls({ files: { [`${ROOT}/here`]: file('x') } });
      run(sys, switched(method));
      expect(sys.state.tree('/').map(({ path }) => path)).to.deep.equal(['here']);
      expect(parseMountinfo(sys.state.mountinfo).map(({ mountPoint }) => mountPoint)).to.deep.equal(
        ['/'],
      );
      expect([sys.state.cwd, sys.state.descriptors.length]).to.deep.equal(['/', 3]);
    });

    it(`goes back to the directory where it was when it fails: ${method}`, () => {
      const sys = new MockSyscalls();
      const { cwd, mountinfo } = sys.state;
      const call = { pivot: 'pivot_root', move: 'move_mount' } as const;
      if (method === 'classic-move') sys.failAt(3, 'EBUSY', 'mount');
      else sys.failAt(1, 'EBUSY', method === 'move' ? call.move : call.pivot);
      expect(failure(sys, switched(method)).undo).to.equal('done');
      expect([sys.state.cwd, sys.state.tree(ROOT)]).to.deep.equal([cwd, []]);
      // Propagation is not taken back, so that only the mounts themselves are compared.
      const points = (text: string): string[] =>
        parseMountinfo(text).map(({ mountPoint, fstype }) => `${mountPoint} ${fstype}`);
      expect(points(sys.state.mountinfo)).to.have.members(points(mountinfo));
    });
  }

  it('says that nothing can be taken back once the root has been switched', () => {
    const sys = new MockSyscalls();
    sys.failAt(1, 'EBUSY', 'umount2');
    const error = failure(sys, switched('pivot'));
    expect([error.undo, error.message]).to.deep.equal([
      'impossible',
      'step root-switch: umount2(".", MNT_DETACH): EBUSY: device or resource busy',
    ]);
  });

  it("hides the host's proc and sys when it is moved, which leaves them below", () => {
    const sys = new MockSyscalls(alsoMounted({ at: '/srv/proc', type: 'proc' }));
    run(
      sys,
      new Pipeline()
        .use(PropagationStep)
        .use(BindRootfsStep)
        .use(SystemMountsStep, { classic: true })
        .use(RootSwitchStep, { method: 'move' }),
    );
    const types = parseMountinfo(sys.state.mountinfo).map(({ mountPoint, fstype }) => [
      mountPoint,
      fstype,
    ]);
    expect(types.filter(([, type]) => type === 'proc' || type === 'sysfs')).to.deep.equal([
      ['/proc', 'proc'],
      ['/sys', 'sysfs'],
    ]);
    expect(mountsBelow(sys, '/srv')).to.deep.equal([]);
  });

  const hints: readonly (readonly [string, string, Pipeline, MockSyscalls])[] = [
    [
      'the root is no mount point',
      'the new root is not a mount point: put bind-rootfs before',
      new Pipeline().use(PropagationStep).use(RootSwitchStep),
      new MockSyscalls(alsoMounted({ at: '/srv', type: 'tmpfs' })),
    ],
    [
      'the root is shared',
      'shared',
      new Pipeline().use(BindRootfsStep).use(RootSwitchStep),
      new MockSyscalls(),
    ],
  ];
  for (const [when, hint, pipeline, sys] of hints) {
    it(`tells which of the causes of EINVAL it is: ${when}`, () => {
      const error = failure(sys, pipeline);
      expect(error.message).to.match(/pivot_root\("\.", "\."\): EINVAL: .* \(.*\)$/);
      expect(error.message).to.include(hint);
    });
  }
});
