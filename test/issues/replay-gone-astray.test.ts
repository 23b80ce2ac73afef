import { expect } from 'chai';
import { AT_FDCWD, type Fd } from '../../src/syscalls/descriptor.js';
import { AT_REMOVEDIR, O_PATH } from '../../src/syscalls/file-flags.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { directory } from '../../src/syscalls/model/seed-tree.js';
import { hostPath } from '../../src/syscalls/paths.js';
import type { CompiledReplay } from '../../src/syscalls/replay/compile-replay.js';
import { RecordingSyscalls } from '../../src/syscalls/replay/recording-syscalls.js';
import { NotRepeatedError, ResumingSyscalls } from '../../src/syscalls/replay/resuming-syscalls.js';
import type { Syscalls } from '../../src/syscalls/syscalls.js';

const open = (sys: Syscalls, path: string): Fd =>
  sys.openat2(AT_FDCWD, hostPath(path), { flags: O_PATH });

/** Goes on from a replay that has made these calls. */
function resume(sys: Syscalls, make: (through: Syscalls) => void): ResumingSyscalls {
  const recording = new RecordingSyscalls(sys);
  make(recording);
  const { calls } = recording;
  const resultOf = (op: number): number => {
    const answer = calls[op]?.answer;
    return answer !== undefined && 'value' in answer ? Number(answer.value ?? 0) : 0;
  };
  const replay = { ops: calls.map((call) => ({ calls: [call] })), program: { resultOf } };
  return new ResumingSyscalls(sys, replay as unknown as CompiledReplay, calls.length - 1, []);
}

describe('a step that makes another call than the one that was replayed', () => {
  let sys: MockSyscalls;

  beforeEach(() => {
    sys = new MockSyscalls({ files: { '/one': directory(), '/two': directory() } });
  });

  const goAstray = (resuming: ResumingSyscalls): void => {
    expect(() => open(resuming, '/other')).to.throw(NotRepeatedError);
  };

  it('can close what it has opened, and the rest is closed', () => {
    const before = sys.state.descriptors;
    const resuming = resume(sys, (through) => {
      open(through, '/one');
      open(through, '/two');
    });
    const one = open(resuming, '/one');
    goAstray(resuming);
    resuming.close(one);
    resuming.closeUnclaimed();
    expect(sys.state.descriptors).to.deep.equal(before);
  });

  it('can take back what it has made', () => {
    const resuming = resume(sys, (through) => {
      through.mkdirat(AT_FDCWD, hostPath('/made'), 0o755);
      open(through, '/two');
    });
    resuming.mkdirat(AT_FDCWD, hostPath('/made'), 0o755);
    goAstray(resuming);
    resuming.unlinkat(AT_FDCWD, hostPath('/made'), AT_REMOVEDIR);
    expect(() => open(sys, '/made')).to.throw('ENOENT');
  });

  /** What is known of the first one is closed by the replay. */
  const closedBefore = (): [ResumingSyscalls, Fd] => {
    const resuming = resume(sys, (through) => {
      through.close(open(through, '/one'));
      through.chdir(hostPath('/'));
    });
    const one = open(resuming, '/one');
    goAstray(resuming);
    return [resuming, one];
  };

  it('closes nothing of others when the replay has closed it already', () => {
    const [resuming, one] = closedBefore();
    const other = open(sys, '/two');
    expect(other).to.equal(one);
    resuming.close(one);
    expect(() => sys.close(other)).not.to.throw();
  });

  it('closes what it opens later, also under a number that it had before', () => {
    const before = sys.state.descriptors;
    const [resuming, one] = closedBefore();
    const later = open(resuming, '/two');
    expect(later).to.equal(one);
    resuming.close(later);
    resuming.close(one);
    expect(sys.state.descriptors).to.deep.equal(before);
  });
});
