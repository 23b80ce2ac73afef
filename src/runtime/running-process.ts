import type { Fd } from '../syscalls/descriptor.js';
import { watchReadable, type Watch } from '../syscalls/libc-watch.js';
import type { ProcessCalls, ProcessEnd } from '../syscalls/process-calls.js';
import { isErrno } from '../syscalls/syscall-error.js';
import { SIGNAL_NUMBERS, signalNumber } from './signals.js';

/** The processes of a container that runs: the command, and PID 1 where nsinit made it. */
export interface ContainerPids {
  readonly command: number;
  readonly init: number | undefined;
  readonly pidfd: Fd;
}

/**
 * A command that runs, seen through its pidfd: no signal handler, no polling, and no signal to a
 * process that has got its number since.
 */
export class RunningProcess {
  /** How the command ended. */
  readonly exited: Promise<ProcessEnd>;
  #gone: Promise<ProcessEnd>;
  #watch: Watch | undefined;

  /** Takes over two children of this process, which must not be waited for elsewhere. */
  constructor(
    private readonly processes: ProcessCalls,
    readonly pids: ContainerPids,
  ) {
    const { command, init, pidfd } = pids;
    this.exited = new Promise((resolve, reject) => {
      this.#watch = watchEnd(processes, command, pidfd, resolve, reject);
    });
    this.#gone = this.exited.then((end) => {
      this.#watch = undefined;
      return init === undefined ? end : endOf(processes, init).then(() => end);
    });
    // Whoever waits for neither does not have to handle a failure.
    this.#gone.catch(() => undefined);
  }

  /** The same, when every process of its PID namespace is gone too, and what comes afterwards is done. */
  get gone(): Promise<ProcessEnd> {
    return this.#gone;
  }

  /** Does something when it is gone, before whoever asks for `gone` from now on is told. */
  afterwards(work: () => Promise<void>): void {
    this.#gone = this.#gone.then(async (end) => {
      await work();
      return end;
    });
    this.#gone.catch(() => undefined);
  }

  /** Whether the program stays for its end. */
  set held(held: boolean) {
    if (held) this.#watch?.ref();
    else this.#watch?.unref();
  }

  /** Sends a signal to the command. @returns whether it was still there. */
  kill(signal: NodeJS.Signals | number): boolean {
    const number = signalNumber(signal);
    if (this.#watch === undefined) return false;
    try {
      this.processes.pidfd_send_signal(this.pids.pidfd, number);
      return true;
    } catch (error) {
      // ESRCH: it has ended and is not reaped yet.
      if (isErrno(error, 'ESRCH')) return false;
      throw error;
    }
  }

  /** Ends the container with everything in it that its PID namespace holds. */
  destroy(): void {
    if (this.#watch === undefined) return;
    // PID 1 is not waited for before the command is, so that its number is still its own.
    if (this.pids.init !== undefined) this.processes.kill(this.pids.init, SIGNAL_NUMBERS.SIGKILL);
    this.kill('SIGKILL');
  }
}

/** Reaps a child when it has ended, and closes its pidfd. */
function watchEnd(
  processes: ProcessCalls,
  pid: number,
  pidfd: Fd,
  resolve: (end: ProcessEnd) => void,
  reject: (error: unknown) => void,
): Watch {
  const watch = watchReadable(pidfd, () => {
    try {
      const end = processes.waitid(pid, { nohang: true });
      if (end === undefined) return;
      resolve(end);
    } catch (error) {
      reject(error);
    }
    // After those who wait have been told, and before the loop would find it readable again.
    setImmediate(() => {
      watch.stop();
      processes.close(pidfd);
    });
  });
  return watch;
}

/** Ends PID 1, and with it whatever is left in its namespace. */
function endOf(processes: ProcessCalls, init: number): Promise<ProcessEnd> {
  return new Promise((resolve, reject) => {
    // After those who wait for the command have been told.
    setImmediate(() => {
      try {
        processes.kill(init, SIGNAL_NUMBERS.SIGKILL);
        const pidfd = openUnlessFull(processes, init);
        // It takes milliseconds, as long as the kernel takes to end what is in the namespace.
        if (pidfd === undefined) resolve(processes.waitid(init) as ProcessEnd);
        else watchEnd(processes, init, pidfd, resolve, reject);
      } catch (error) {
        reject(error as Error);
      }
    });
  });
}

function openUnlessFull(processes: ProcessCalls, pid: number): Fd | undefined {
  try {
    return processes.pidfd_open(pid);
  } catch (error) {
    if (isErrno(error, 'EMFILE') || isErrno(error, 'ENFILE')) return undefined;
    throw error;
  }
}
