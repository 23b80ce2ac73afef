import { AT_FDCWD, type Fd } from '../../src/syscalls/descriptor.js';
import { O_CLOEXEC, O_DIRECTORY, O_PATH, O_RDONLY } from '../../src/syscalls/file-flags.js';
import { flags } from '../../src/syscalls/flags.js';
import { LinuxSyscalls } from '../../src/syscalls/linux.js';
import { hostPath, type AtPath } from '../../src/syscalls/paths.js';
import { CLONE_NEWNS } from '../../src/syscalls/process-flags.js';
import type { ContractCase, Outcome } from './contract-case.js';
import { listTree } from './inspect.js';
import { normalizeMountinfo } from './mount-table.js';
import { complaintOf } from './run-model.js';
import { Trial } from './trial.js';
import { buildWorld, type Caller } from './world.js';

/**
 * The kernel of this machine, with a fresh world for each case. The process must be in a mount
 * namespace of its own: what it started in is only gone back to, never changed.
 */
export class RealKernel {
  readonly sys = new LinuxSyscalls();
  readonly #home: Fd;
  readonly #proc: Fd;

  constructor(private readonly caller: Caller) {
    this.sys.unshare(CLONE_NEWNS);
    this.#home = this.sys.openat2(AT_FDCWD, hostPath('/proc/thread-self/ns/mnt'), {
      flags: flags(O_RDONLY, O_CLOEXEC),
    });
    this.#proc = this.sys.openat2(AT_FDCWD, hostPath('/proc'), {
      flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC),
    });
  }

  /** Leaves the world of the last case, which ends with it, and enters a new one. */
  enterWorld(): void {
    this.sys.setns(this.#home, CLONE_NEWNS);
    buildWorld(this.sys, this.caller);
  }

  /** The mount table; readable even where the world has no /proc any more. */
  mountinfo(): string {
    const fd = this.sys.openat2(this.#proc, 'thread-self/mountinfo' as AtPath, {
      flags: flags(O_RDONLY, O_CLOEXEC),
    });
    const decoder = new TextDecoder();
    let text = '';
    for (let piece = this.sys.read(fd, 65536); piece.length > 0; piece = this.sys.read(fd, 65536)) {
      text += decoder.decode(piece, { stream: true });
    }
    this.sys.close(fd);
    return text;
  }

  run(contractCase: ContractCase): Outcome {
    this.enterWorld();
    const trial = new Trial(this.sys, this.caller);
    const complaint = complaintOf(() => contractCase.run(trial));
    const mounts = normalizeMountinfo(this.mountinfo());
    const files = listTree(this.sys, '/work');
    trial.finish();
    return { log: trial.log, mounts, files, ...complaint };
  }
}
