import type { Fd } from '../syscalls/descriptor.js';
import { Container } from './container.js';
import { encodeCommand } from './exec-program.js';
import type { PreparedData } from './launch-messages.js';
import type { LaunchOptions } from './launch-options.js';
import { sharedLaunchThread, type LaunchThread } from './launch-thread.js';
import { controlsOf, planNamespacesOf, planProcess, terminalSizeOf } from './plan-launch.js';
import { RunningProcess } from './running-process.js';
import type { RuntimeHost } from './runtime-host.js';
import { explainRefusal } from './start-command.js';
import type { NamespacePlan } from './start-container.js';
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
  const thread = await sharedLaunchThread();
  options.signal?.throwIfAborted();
  return launchIn(thread, options, plan);
}

/** Namespaces with a process that waits, and the watch over it. */
export interface WaitingContainer {
  readonly data: PreparedData;
  readonly process: RunningProcess;
}

/** Watches over prepared namespaces: from now on their processes are reaped when they end. */
export function watchOver({ processes }: RuntimeHost, data: PreparedData): WaitingContainer {
  const pids = { command: data.runner.pid, init: data.init?.pid, pidfd: data.pidfd };
  return { data, process: new RunningProcess(processes, pids) };
}

/** Starts a command in namespaces that `take` hands out once the options have been found good. */
export async function launchIn(
  thread: LaunchThread,
  options: LaunchOptions,
  plan: NamespacePlan,
  take: () => WaitingContainer | undefined = () => undefined,
): Promise<Container> {
  const { host } = thread;
  const { signal } = options;
  const controls = controlsOf(options);
  const ends = openEnds(host, options);
  let waiting: WaitingContainer | undefined;
  try {
    const spec = planProcess(options, ends.stdio.entries);
    const program = encodeCommand(spec, { userNamespace: plan.maps, hasInit: plan.namespaces.pid === 'new' });
    waiting = take();
    const from = waiting === undefined ? { plan } : { prepared: waiting.data };
    const { calls, ...bare } = program;
    const command = { program: { ...bare, count: calls.length }, dieWithParent: spec.dieWithParent };
    const job = { from, setUp: { setUp: options.setUp }, terminal: ends.master, command };
    const { refused } = await thread.launch(job, (data) => (waiting = watchOver(host, data)));
    if (refused !== undefined) throw explainRefusal(refused, program, spec.command);
    const { process } = waiting as unknown as WaitingContainer;
    signal?.throwIfAborted();
    ends.stdio.closeTheirs();
    const terminal = ends.master === undefined ? null : new Terminal(host.syscalls, ends.master);
    return new Container(process, ends.stdio.streams, terminal, controls);
  } catch (error) {
    ends.stdio.closeTheirs();
    ends.stdio.destroy();
    if (ends.master !== undefined) host.syscalls.close(ends.master);
    waiting?.process.destroy();
    await waiting?.process.gone;
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
