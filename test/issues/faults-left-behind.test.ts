import { expect } from 'chai';
import {
  createPreset,
  StepError,
  type CallName,
  type ErrnoName,
  type PresetName,
  type PresetOptions,
} from '../../src/index.js';
import { directory, file, MockSyscalls, symlink } from '../../src/testing.js';

interface Found {
  readonly sys: MockSyscalls;
  readonly before: readonly string[];
  readonly error: StepError;
}

/** Fails one call of a preset on the model. */
function fail(
  preset: PresetName,
  [nth, errno, name]: readonly [number, ErrnoName, CallName],
  options: PresetOptions = {},
): Found {
  const sys = new MockSyscalls({
    files: {
      '/etc/hostname': file('host\n'),
      '/srv/root/dev': directory(),
      '/srv/root/dev/core': symlink('elsewhere'),
    },
  });
  sys.failAt(nth, errno, name);
  const before = sys.state.snapshot();
  try {
    createPreset(preset, options).run({ syscalls: sys, rootfs: '/srv/root', force: true });
  } catch (error) {
    return { sys, before, error: error as StepError };
  }
  return expect.fail('the call did not fail');
}

// Each was found by `npm run faults`.
describe('what a failed call left behind', () => {
  const nothingIsLeft = ({ sys, before, error }: Found): void => {
    expect(error).to.be.instanceOf(StepError);
    expect([error.undo, error.undoErrors]).to.deep.equal(['done', []]);
    expect(sys.state.snapshot()).to.have.members(before);
  };

  it('the bind of the root, when it could not be opened after it was mounted', () => {
    // The second of all: the first opens the root directory.
    nothingIsLeft(fail('standard', [2, 'EMFILE', 'openat2']));
  });

  it('the copied tree of a bind mount, when its place could not be made', () => {
    const mounts = [{ bind: '/etc/hostname', target: '/a/b/hostname' }];
    const found = fail('standard', [1, 'EROFS', 'mknodat'], { mounts });
    nothingIsLeft(found);
    const mkdirs = found.sys.callsOf('mkdirat').length;
    nothingIsLeft(fail('standard', [mkdirs + 1, 'ENOSPC', 'mkdirat'], { mounts }));
  });

  it('a directory of the image, when no descriptor could be kept to remove it by', () => {
    for (let nth = 3; nth < 12; nth += 1)
      nothingIsLeft(fail('classic', [nth, 'ENFILE', 'openat2']));
  });

  it('a link of the image that was removed, gone for good', () => {
    const found = fail('classic', [1, 'EPERM', 'pivot_root']);
    nothingIsLeft(found);
    expect(found.before.join('\n')).to.include(
      '/dev/core type 12 mode 0777 owner 0:0 to elsewhere',
    );
  });

  it('the host without its proc, when the root could not be moved', () => {
    const moves = (call: MockSyscalls['calls'][number]): boolean => call.name === 'move_mount';
    const sys = new MockSyscalls();
    createPreset('standard', { noPivot: true }).run({
      syscalls: sys,
      rootfs: '/srv/root',
      force: true,
    });
    const last = sys.calls.filter(moves).length;
    const found = fail('standard', [last, 'EPERM', 'move_mount'], { noPivot: true });
    expect(found.error.step).to.equal('root-switch');
    nothingIsLeft(found);
    expect(found.sys.state.mountinfo).to.include(' /proc ');
  });
});

describe('the error of a failed call', () => {
  it('is told although closing the descriptor failed as well', () => {
    const sys = new MockSyscalls();
    sys.failAt(1, 'EINVAL', 'fsconfig').failAt(1, 'EIO', 'close');
    const run = (): unknown =>
      createPreset('standard').run({ syscalls: sys, rootfs: '/srv/root', force: true });
    expect(run).to.throw(StepError, 'fsconfig(');
  });

  it('is told although looking for a link that explains it failed as well', () => {
    const mounts = [{ tmpfs: '/missing/place' }];
    const make = (sys: MockSyscalls): (() => unknown) => {
      const pipeline = createPreset('standard', { mounts });
      return () => pipeline.run({ syscalls: sys, rootfs: '/srv/root', force: true });
    };
    const good = new MockSyscalls();
    make(good)();
    const made = good.calls.findIndex(
      ({ name, args }) => name === 'mkdirat' && args[1] === 'missing',
    );
    const sys = new MockSyscalls().failAt(made + 1, 'ENOTDIR').failAt(made + 3, 'EIO');
    expect(make(sys)).to.throw(StepError, 'mkdirat(</srv/root>, "missing", 0755): ENOTDIR');
    expect(sys.calls[made + 2]?.error).to.be.an('error');
  });

  it('does not keep the descriptors after it open at the end of a run', () => {
    const sys = new MockSyscalls();
    createPreset('standard').run({ syscalls: sys, rootfs: '/srv/root', force: true });
    const closes = sys.callsOf('close').length;
    const again = new MockSyscalls().failAt(closes - 3, 'EINTR', 'close');
    const { closeErrors } = createPreset('standard').run({
      syscalls: again,
      rootfs: '/srv/root',
      force: true,
    });
    expect(closeErrors).to.have.lengthOf(1);
    expect(again.state.descriptors.map(({ fd }) => fd)).to.deep.equal([0, 1, 2]);
  });
});
