import { expect } from 'chai';
import { AT_FDCWD, type Fd } from '../../../src/syscalls/descriptor.js';
import { O_CLOEXEC, O_RDONLY } from '../../../src/syscalls/file-flags.js';
import { flags } from '../../../src/syscalls/flags.js';
import { LinuxSyscalls } from '../../../src/syscalls/linux.js';
import { hostPath } from '../../../src/syscalls/paths.js';
import { CLONE_NEWUTS } from '../../../src/syscalls/process-flags.js';
import { compileReplay } from '../../../src/syscalls/replay/compile-replay.js';
import { RecordingSyscalls } from '../../../src/syscalls/replay/recording-syscalls.js';

const OWN = hostPath('/proc/thread-self/ns/uts');

/** How many of the calls that `record` makes are answered as before when they are made again. */
function replayAfter(record: (sys: RecordingSyscalls) => void, change: () => void): number {
  const sys = new LinuxSyscalls();
  const recording = new RecordingSyscalls(sys);
  record(recording);
  const { program } = compileReplay(recording, []);
  change();
  return sys.openReplay()?.replay(program.bytes) ?? -1;
}

describe('the name of a namespace, in a replay', () => {
  const sys = new LinuxSyscalls();
  let machine: Fd | undefined;

  before(function () {
    if (process.geteuid?.() === 0 && sys.openReplay() !== undefined) return;
    console.log('      skipped: it takes root, and a library of this machine');
    this.skip();
  });

  beforeEach(() => {
    machine = sys.openat2(AT_FDCWD, OWN, { flags: flags(O_RDONLY, O_CLOEXEC) });
  });

  afterEach(() => {
    goHome();
    if (machine !== undefined) sys.close(machine);
  });

  const goHome = (): void => sys.setns(machine as Fd, CLONE_NEWUTS);
  const readOnce = (recording: RecordingSyscalls): void => void recording.readlinkat(AT_FDCWD, OWN);

  it('may be that of another new one', () => {
    sys.unshare(CLONE_NEWUTS);
    expect(replayAfter(readOnce, () => sys.unshare(CLONE_NEWUTS))).to.equal(1);
  });

  it('has to be the same where it was the same, and another where it was another', () => {
    const readTwice = (between: () => void) => (recording: RecordingSyscalls) => {
      readOnce(recording);
      between();
      readOnce(recording);
    };
    const toNew = (): void => sys.unshare(CLONE_NEWUTS);
    toNew();
    expect(
      replayAfter(
        readTwice(() => undefined),
        toNew,
      ),
    ).to.equal(2);
    expect(replayAfter(readTwice(toNew), toNew)).to.equal(1);
  });

  // Steps know those numbers, and may have compared them with nothing else.
  it("may not become the machine's", function () {
    if (!sys.readlinkat(AT_FDCWD, OWN).includes('[4026531838]')) this.skip();
    sys.unshare(CLONE_NEWUTS);
    expect(replayAfter(readOnce, goHome)).to.equal(0);
    expect(replayAfter(readOnce, () => sys.unshare(CLONE_NEWUTS))).to.equal(0);
    goHome();
    expect(replayAfter(readOnce, () => undefined)).to.equal(1);
  });
});
