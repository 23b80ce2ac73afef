import { expect } from 'chai';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { DevStep } from '../../src/steps/dev.js';
import { SystemMountsStep } from '../../src/steps/system-mounts.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { symlink } from '../../src/syscalls/model/seed-tree.js';
import { failure, filesBelow, mountsBelow, ROOT, run, userNamespace } from './step-trial.js';

const standard = (): Pipeline => new Pipeline().use(DevStep).use(SystemMountsStep);
const classic = (): Pipeline => new Pipeline().use(SystemMountsStep, { classic: true });
const shown = (sys: MockSyscalls): string[] =>
  mountsBelow(sys, ROOT).map(
    ({ mountPoint, fstype, options, superOptions }) =>
      `${mountPoint.slice(ROOT.length)} ${fstype} ${options} ${superOptions}`,
  );

const SAFE = 'nosuid,nodev,noexec,relatime';

describe('system-mounts', () => {
  it('mounts what programs expect, sys read-only', () => {
    const sys = new MockSyscalls();
    run(sys, standard());
    expect(shown(sys).slice(1)).to.deep.equal([
      `/proc proc rw,${SAFE} rw`,
      `/sys sysfs ro,${SAFE} rw`,
      '/dev/pts devpts rw,nosuid,noexec,relatime rw,gid=5,mode=620,ptmxmode=666',
      `/dev/shm tmpfs rw,${SAFE} rw,size=65536k`,
      `/dev/mqueue mqueue rw,${SAFE} rw`,
    ]);
  });

  it("mounts the seed's list on the root's own /dev when classic", () => {
    const sys = new MockSyscalls();
    run(sys, classic());
    expect(shown(sys)).to.deep.equal([
      `/proc proc rw,${SAFE} rw`,
      `/sys sysfs rw,${SAFE} rw`,
      `/dev/shm tmpfs rw,${SAFE} rw,size=65536k`,
      '/dev/pts devpts rw,nosuid,noexec,relatime rw,gid=5,mode=620,ptmxmode=666',
    ]);
  });

  it('mounts nothing on a /proc or /sys that is a link', () => {
    for (const name of ['proc', 'sys']) {
      for (const pipeline of [standard(), classic()]) {
        const sys = new MockSyscalls({ files: { [`${ROOT}/${name}`]: symlink('/etc') } });
        const error = failure(sys, pipeline);
        expect([error.step, error.undo]).to.deep.equal(['system-mounts', 'done']);
        expect(error.message).to.include(`${ROOT}/${name} must be a directory`);
        expect(mountsBelow(sys, ROOT)).to.deep.equal([]);
      }
    }
  });

  it('does without in a user namespace, and reports each fallback with its cost', () => {
    const sys = new MockSyscalls(userNamespace());
    const { fallbacks } = run(sys, standard());
    expect(fallbacks.map(({ fallback }) => fallback)).to.deep.equal([
      'bind-host-proc',
      'bind-host-sys',
      'devpts-without-gid',
      'no-mqueue',
    ]);
    for (const { cost } of fallbacks) expect(cost).to.match(/\w+ \w+/);
    const types = shown(sys).map((line) => line.split(' ').slice(0, 2).join(' '));
    expect(types).to.include.members(['/proc proc', '/sys sysfs', '/dev/pts devpts']);
    // What is bound allows no more than what would have been mounted.
    for (const { options } of [
      ...mountsBelow(sys, `${ROOT}/proc`),
      ...mountsBelow(sys, `${ROOT}/sys`),
    ])
      expect(options).to.match(/^ro,nosuid,nodev,noexec/);
  });

  it('needs none where the namespaces are its own', () => {
    const sys = new MockSyscalls(userNamespace('pid', 'net', 'ipc'));
    const { fallbacks } = run(sys, standard());
    expect(fallbacks.map(({ fallback }) => fallback)).to.deep.equal(['devpts-without-gid']);
  });

  it('fails instead where fallbacks are forbidden', () => {
    const sys = new MockSyscalls(userNamespace());
    const error = failure(sys, standard(), { noFallbacks: true });
    expect(error.message).to.match(/^step system-mounts: fs\w+\(.*EPERM/);
    expect(mountsBelow(sys, ROOT)).to.deep.equal([]);
  });

  it('is taken back with the directories that it made', () => {
    for (const [pipeline, call, nth] of [
      [standard(), 'move_mount', 6],
      [classic(), 'mount', 4],
    ] as const) {
      const sys = new MockSyscalls();
      sys.failAt(nth, 'ENOMEM', call);
      expect(failure(sys, pipeline).undo).to.equal('done');
      expect([mountsBelow(sys, ROOT), filesBelow(sys, ROOT)]).to.deep.equal([[], []]);
      expect(sys.state.descriptors).to.have.length(3);
    }
  });
});
