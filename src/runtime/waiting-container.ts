import type { Fd } from '../syscalls/descriptor.js';
import { F_SETFL } from '../syscalls/file-flags.js';
import { watchReadable } from '../syscalls/libc-watch.js';
import { putUmask, type CommandProgram } from './exec-program.js';
import type { LaunchReport, PreparedData, ReadyRoot } from './launch-messages.js';
import { RunningProcess } from './running-process.js';
import { reap } from './start-container.js';
import type { RuntimeHost } from './runtime-host.js';
import { StubConnection } from './stub-connection.js';

/** Namespaces with a process that waits, and the watch over it. */
export interface WaitingContainer {
  readonly data: PreparedData;
  readonly process: RunningProcess;
  /** Its root, when that is set up too: of the descriptors only the process's own is open then. */
  readonly root?: ReadyRoot | undefined;
}

/** Watches over prepared namespaces: from now on their processes are reaped when they end. */
export function watchOver({ processes }: RuntimeHost, data: PreparedData): WaitingContainer {
  const [command, init] = [data.runner.pid, data.init?.pid];
  let pidfd: Fd;
  try {
    // A descriptor of its own: the other belongs to the launch, and closes with it.
    pidfd = processes.pidfd_open(command);
  } catch (error) {
    // EMFILE: nobody would ever wait for them.
    reap({ processes }, [init, command]);
    throw error;
  }
  const pids = { command, init, pidfd };
  return { data, process: new RunningProcess(processes, pids) };
}

/** Whether one of the processes has ended. */
export function hasEnded(
  { processes }: RuntimeHost,
  { process: { pids } }: WaitingContainer,
): boolean {
  return [pids.command, pids.init].some((pid) => pid !== undefined && processes.hasEnded(pid));
}

/** Closes what a waiting one holds in this process. */
export function release({ processes }: RuntimeHost, { data, root }: WaitingContainer): void {
  const { runner, init, pidfd, mountNamespace, pidNamespace } = data;
  const others = root === undefined ? [init?.fd, pidfd, mountNamespace, pidNamespace] : [];
  for (const fd of [runner.fd, ...others]) if (fd !== undefined) processes.close(fd);
}

/**
 * Lets the process that waits in a finished root become the command. No other thread is needed, and
 * this one does not wait: it is told when execve(2) has closed the socket.
 *
 * @throws StubEndedError when the process was killed before it knew its command.
 */
export async function runInReadyRoot(
  { processes, syscalls }: RuntimeHost,
  { data: { runner } }: WaitingContainer,
  root: ReadyRoot,
  program: CommandProgram,
): Promise<LaunchReport> {
  putUmask(program, root.umask);
  const connection = new StubConnection(processes, runner.fd);
  try {
    connection.send(program.bytes, program.descriptors);
    await readable(connection);
    // The event loop has made it non-blocking (uv_poll_init), and an answer comes in two pieces.
    syscalls.fcntl(connection.fd, F_SETFL, 0);
    const refused = connection.outcome(program.calls.length)?.refused;
    return { ...root, ...(refused === undefined ? {} : { refused }) };
  } finally {
    connection.close();
  }
}

function readable({ fd }: StubConnection): Promise<void> {
  return new Promise((resolve) => {
    const watch = watchReadable(fd, () => {
      watch.stop();
      resolve();
    });
  });
}
