import type { Fd } from '../syscalls/descriptor.js';
import { Container } from './container.js';
import type { LaunchRequest } from './launch-messages.js';
import type { LaunchOptions } from './launch-options.js';
import { sharedLaunchThread, type LaunchThread } from './launch-thread.js';
import { controlsOf, planNamespacesOf, planProcess, terminalSizeOf } from './plan-launch.js';
import { RunningProcess } from './running-process.js';
import type { RuntimeHost } from './runtime-host.js';
import { openStdio, type OpenedStdio } from './stdio.js';
import { openPseudoTerminal, Terminal } from './terminal.js';

/**
 * Starts a command in a root of its own.
 *
 * The promise is kept when the command runs. A command that fails is a result, told by the
 * container's `ended`.
 *
 * @throws StepError when the set-up fails; CommandError when there is no such command;
 *   SyscallError, NamespaceError, UserMappingError or TypeError for what else is refused; the
 *   reason of `signal` when it was aborted before. Nothing is left then.
 */
export async function launch(options: LaunchOptions): Promise<Container> {
  options.signal?.throwIfAborted();
  const plan = planNamespacesOf(options);
  return launchIn(await sharedLaunchThread(), options, () => ({ plan }));
}

type Source = Extract<LaunchRequest, { op: 'launch' }>['from'];

/** Starts a command in namespaces that `take` hands out once the options have been found good. */
export async function launchIn(thread: LaunchThread, options: LaunchOptions, take: () => Source): Promise<Container> {
  const { host } = thread;
  const { signal } = options;
  signal?.throwIfAborted();
  const controls = controlsOf(options);
  const ends = openEnds(host, options);
  try {
    const process = planProcess(options, ends.stdio.entries);
    const { pids } = await thread.launch({ from: take(), setUp: { setUp: options.setUp }, terminal: ends.master, process });
    const running = new RunningProcess(host.processes, pids);
    await endIfAborted(running, signal);
    ends.stdio.closeTheirs();
    const terminal = ends.master === undefined ? null : new Terminal(host.syscalls, ends.master);
    return new Container(running, ends.stdio.streams, terminal, controls);
  } catch (error) {
    ends.stdio.closeTheirs();
    ends.stdio.destroy();
    if (ends.master !== undefined) host.syscalls.close(ends.master);
    throw error;
  }
}

/** This side's and the command's ends of its descriptors. */
interface Ends {
  readonly stdio: OpenedStdio;
  readonly master?: Fd;
}

function openEnds(host: RuntimeHost, options: LaunchOptions): Ends {
  const size = terminalSizeOf(options);
  if (size === undefined) return { stdio: openStdio(options.stdio ?? 'pipe', host.processes) };
  const { master, slave } = openPseudoTerminal(host.syscalls, size);
  let open = true;
  const closeTheirs = (): void => {
    if (open) host.syscalls.close(slave);
    open = false;
  };
  return { master, stdio: { entries: [slave, slave, slave], streams: [], closeTheirs, destroy: closeTheirs } };
}

/** The start cannot be interrupted where it stands; what came of it is taken back instead. */
async function endIfAborted(running: RunningProcess, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted !== true) return;
  running.destroy();
  await running.gone;
  signal.throwIfAborted();
}
