import { expect } from 'chai';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { DevStep } from '../../src/steps/dev.js';
import { DeviceNodesStep } from '../../src/steps/device-nodes.js';
import { AT_FDCWD } from '../../src/syscalls/descriptor.js';
import {
  O_CLOEXEC,
  O_RDONLY,
  STATX_BASIC_STATS,
  type AtFlags,
} from '../../src/syscalls/file-flags.js';
import { flags } from '../../src/syscalls/flags.js';
import { hostPath } from '../../src/syscalls/paths.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { charDevice } from '../../src/syscalls/model/seed-tree.js';
import {
  alsoMounted,
  failure,
  filesBelow,
  mountsBelow,
  ROOT,
  run,
  userNamespace,
} from './step-trial.js';

const NO_FLAGS = 0 as AtFlags;
const NAMES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
const nodes = (): Pipeline => new Pipeline().use(DevStep).use(DeviceNodesStep);

describe('device-nodes', () => {
  it('makes the nodes of every container, whatever the umask is, and leaves that as it was', () => {
    const sys = new MockSyscalls();
    sys.umask(0o077);
    run(sys, nodes());
    expect(filesBelow(sys, `${ROOT}/dev`)).to.have.members(NAMES.map((name) => `${name} 20666`));
    const made = sys.state.tree(`${ROOT}/dev`).find(({ path }) => path === 'urandom');
    expect([made?.rdev, made?.uid, made?.gid]).to.deep.equal([{ major: 1, minor: 9 }, 0, 0]);
    expect(sys.state.umask).to.equal(0o077);
  });

  it('checks by descriptor that a node is what it made', () => {
    const sys = new MockSyscalls();
    // As if somebody had swapped the node between mknodat(2) and the look at it.
    const other = sys.statx(AT_FDCWD, hostPath('/dev/null'), NO_FLAGS, STATX_BASIC_STATS);
    sys.answer('statx', (_, path) => path === 'zero', other);
    const error = failure(sys, nodes());
    expect(error.message).to.equal(
      'step device-nodes: /srv/root/dev/zero is not the character device 1:5: remove what is in its place',
    );
    expect(mountsBelow(sys, ROOT)).to.deep.equal([]);
  });

  it("binds the host's nodes where none can be made", () => {
    const sys = new MockSyscalls(userNamespace());
    const { fallbacks } = run(sys, nodes());
    expect(fallbacks.map(({ fallback }) => fallback)).to.deep.equal(['bind-host-node']);
    expect(fallbacks[0]?.error).to.match(/^mknodat\(.*"null".*\): EPERM/);
    const bound = mountsBelow(sys, `${ROOT}/dev`).slice(1);
    expect(bound.map(({ mountPoint }) => mountPoint)).to.deep.equal(
      NAMES.map((name) => `${ROOT}/dev/${name}`),
    );
    for (const name of NAMES) expect(filesBelow(sys, `${ROOT}/dev`)).to.include(`${name} 20666`);
  });

  it("binds the host's nodes where its own would be dead: a root that is nodev", () => {
    const sys = new MockSyscalls(alsoMounted({ at: ROOT, type: 'tmpfs', flags: ['nodev'] }));
    const { fallbacks } = run(sys, new Pipeline().use(DeviceNodesStep));
    expect(fallbacks.map(({ fallback }) => fallback)).to.deep.equal(['bind-host-node']);
    const how = { flags: flags(O_RDONLY, O_CLOEXEC) };
    for (const name of NAMES.slice(0, -1))
      sys.close(sys.openat2(AT_FDCWD, hostPath(`${ROOT}/dev/${name}`), how));
    // Root of this container is root of the host: it could change the mode of the host's nodes.
    for (const { options } of mountsBelow(sys, `${ROOT}/dev`)) expect(options).to.match(/^ro,/);
  });

  it("binds nothing but the real device: a host's /dev/null may be something else", () => {
    const sys = new MockSyscalls({
      ...userNamespace(),
      files: { ...userNamespace().files, '/dev/null': charDevice(1, 11) },
    });
    expect(failure(sys, nodes()).message).to.include('/dev/null is not the character device 1:3');
    expect(filesBelow(sys, ROOT)).to.deep.equal([]);
  });

  it("copies the host's nodes when told to", () => {
    const sys = new MockSyscalls({ files: { '/dev/tty': charDevice(5, 0, 0o620) } });
    run(sys, new Pipeline().use(DeviceNodesStep, { fromHost: true }));
    expect(filesBelow(sys, `${ROOT}/dev`)).to.include.members(['null 20666', 'tty 20620']);
  });

  it('restores the umask and the directory when it fails', () => {
    const sys = new MockSyscalls();
    sys.failAt(4, 'ENOSPC', 'mknodat');
    expect(failure(sys, new Pipeline().use(DeviceNodesStep)).undo).to.equal('done');
    expect([sys.state.umask, filesBelow(sys, ROOT)]).to.deep.equal([0o022, []]);
  });
});
