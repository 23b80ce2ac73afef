import 'reflect-metadata';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs';
import {
  COMMAND_INHERITS,
  createPreset,
  NsinitError,
  StepError,
  SyscallError,
  type PresetName,
} from '../../src/index.js';
import { AT_FDCWD, type Fd } from '../../src/syscalls/descriptor.js';
import { O_CLOEXEC, O_RDONLY } from '../../src/syscalls/file-flags.js';
import { flags } from '../../src/syscalls/flags.js';
import { LinuxSyscalls } from '../../src/syscalls/linux.js';
import { hostPath, sourceName } from '../../src/syscalls/paths.js';
import { CLONE_NEWNS } from '../../src/syscalls/process-flags.js';
import { CALL_ERRNOS, FailingSyscalls, type InjectedFault } from '../../src/testing.js';
import type { MountFlags } from '../../src/syscalls/mount-flags.js';

// Run by real-faults.test.ts in a mount namespace of its own; prints a line of JSON.
const sys = new LinuxSyscalls();
sys.unshare(CLONE_NEWNS);
const home = sys.openat2(AT_FDCWD, hostPath('/proc/thread-self/ns/mnt'), {
  flags: flags(O_RDONLY, O_CLOEXEC),
});
const place = `/tmp/nsinit-faults-${process.pid}`;
mkdirSync(place);

interface Seen {
  readonly mounts: string;
  readonly files: readonly string[];
  readonly descriptors: readonly string[];
  readonly umask: number;
  readonly cwd: string;
}

/** What must be as before: mounts without their propagation, which is not taken back. */
function look(): Seen {
  const umask = sys.umask(0);
  sys.umask(umask);
  return {
    mounts: readFileSync('/proc/thread-self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.replace(/ (shared|master):\d+/g, '').replace(/^\d+ \d+ /, ''))
      .join('\n'),
    files: readdirSync(`${place}/root`, { recursive: true, encoding: 'utf8' }).sort(),
    descriptors: listDescriptors(),
    umask,
    cwd: readlinkSync('/proc/thread-self/cwd'),
  };
}

function listDescriptors(): string[] {
  return readdirSync('/proc/thread-self/fd').sort();
}

/** A fresh namespace with a root directory on a file system of its own. */
function enterWorld(): void {
  sys.setns(home, CLONE_NEWNS);
  sys.unshare(CLONE_NEWNS);
  sys.umask(0o022);
  sys.mount(sourceName('tmpfs'), hostPath(place), 'tmpfs', 0 as MountFlags, '');
  mkdirSync(`${place}/root`);
}

function fail(
  preset: PresetName,
  faults: readonly InjectedFault[],
): { made: FailingSyscalls; problems: string[] } {
  enterWorld();
  const before = look();
  const made = new FailingSyscalls(sys, faults);
  let error: unknown;
  try {
    createPreset(preset).run({
      syscalls: made,
      rootfs: `${place}/root`,
      // Whoever starts the tests may leave descriptors of its own open.
      provide: [[COMMAND_INHERITS, false]],
    });
  } catch (thrown) {
    error = thrown;
  }
  const [fault] = faults;
  if (fault === undefined) return { made, problems: error === undefined ? [] : [String(error)] };
  const call = made.calls[fault.nth - 1];
  const where = `${preset} ${fault.nth}. ${call?.name} ${fault.errno}`;
  if (error === undefined) {
    sys.setns(home, CLONE_NEWNS);
    return { made, problems: [] };
  }
  const problems: string[] = [];
  if (!(error instanceof StepError)) {
    // The root is opened before the first step: nothing has been done.
    const isTold =
      error instanceof NsinitError && error.code === 'NSINIT_ROOTFS' && error.cause === call?.error;
    return { made, problems: isTold ? [] : [`${where}: ${String(error)}`] };
  }
  if (!(call?.error instanceof SyscallError) || !error.message.includes(`${call.error.syscall}(`))
    problems.push(`${where}: told as ${error.message}`);
  if (error.undo === 'done')
    problems.push(...compare(before, look()).map((line) => `${where}: ${line}`));
  else if (error.undo === 'failed') problems.push(`${where}: ${error.undoErrors.join()}`);
  sys.setns(home, CLONE_NEWNS);
  if (listDescriptors().join() !== before.descriptors.join())
    problems.push(`${where}: descriptors`);
  return { made, problems };
}

function compare(before: Seen, after: Seen): string[] {
  return (Object.keys(before) as (keyof Seen)[])
    .filter((what) => JSON.stringify(before[what]) !== JSON.stringify(after[what]))
    .map(
      (what) => `${what}: ${JSON.stringify(before[what])} and then ${JSON.stringify(after[what])}`,
    );
}

const problems: string[] = [];
let cases = 0;
for (const preset of ['standard', 'classic'] as const) {
  const good = fail(preset, []);
  problems.push(...good.problems);
  good.made.calls.forEach(({ name }, index) => {
    const errnos = CALL_ERRNOS[name];
    // One that no step takes for anything but a failure.
    const errno = errnos.find((known) => known === 'EIO' || known === 'ENOMEM') ?? errnos[0];
    if (errno === undefined) return;
    cases += 1;
    problems.push(...fail(preset, [{ nth: index + 1, errno }]).problems);
  });
}
sys.setns(home, CLONE_NEWNS);
sys.close(home as Fd);
rmdirSync(place);
console.log(JSON.stringify({ cases, problems }));
