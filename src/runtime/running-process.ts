import type { Fd } from '../syscalls/descriptor.js';
import { watchReadable } from '../syscalls/libc-watch.js';
import type { ProcessCalls, ProcessEnd } from '../syscalls/process-calls.js';
import { isErrno } from '../syscalls/syscall-error.js';
import { SIGNAL_NUMBERS, signalNumber } from './signals.js';

/** The processes of a container that runs: the command, and PID 1 where nsinit made it. */
export interface ContainerPids {
  readonly command: number;
  readonly init: number | undefined;
}

/**
 * A command that runs, seen through its pidfd: no signal handler, no polling, and no signal to a
 * process that has got its number since.
 */
export class RunningProcess {
  /** How the command ended. */
  readonly exited: Promise<ProcessEnd>;
  /** The same, when every process of its PID namespace is gone too. */
  readonly gone: Promise<ProcessEnd>;
  #pidfd: Fd | undefined;

  /** Takes over two children of this process, which must not be waited for elsewhere. */
  constructor(
    private readonly processes: ProcessCalls,
    readonly pids: ContainerPids,
  ) {
    const pidfd = processes.pidfd_open(pids.command);
    this.#pidfd = pidfd;
    this.exited = untilEnd(processes, pids.command, pidfd, () => {
      this.#pidfd = undefined;
      if (pids.init !== undefined) processes.kill(pids.init, SIGNAL_NUMBERS.SIGKILL);
    });
    this.gone = this.exited.then(async (end) => {
      if (pids.init !== undefined) await untilEnd(processes, pids.init, processes.pidfd_open(pids.init));
      return end;
    });
  }

  /** Sends a signal to the command. @returns whether it was still there. */
  kill(signal: NodeJS.Signals | number): boolean {
    const number = signalNumber(signal);
    if (this.#pidfd === undefined) return false;
    try {
      this.processes.pidfd_send_signal(this.#pidfd, number);
      return true;
    } catch (error) {
      if (isErrno(error, 'ESRCH')) return false;
      throw error;
    }
  }

  /** Ends the container with everything in it that its PID namespace holds. */
  destroy(): void {
    if (this.#pidfd === undefined) return;
    if (this.pids.init !== undefined) this.processes.kill(this.pids.init, SIGNAL_NUMBERS.SIGKILL);
    this.kill('SIGKILL');
  }
}

function untilEnd(
  processes: ProcessCalls,
  pid: number,
  pidfd: Fd,
  onEnd: () => void = () => undefined,
): Promise<ProcessEnd> {
  return new Promise((resolve, reject) => {
    const watch = watchReadable(pidfd, () => {
      try {
        const end = processes.waitid(pid, { nohang: true });
        if (end === undefined) return;
        watch.stop();
        processes.close(pidfd);
        onEnd();
        resolve(end);
      } catch (error) {
        reject(error as Error);
      }
    });
  });
}
