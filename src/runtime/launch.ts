import type { Pipeline } from '../pipeline/pipeline.js';
import type { RunReport } from '../pipeline/run.js';
import type { Fd } from '../syscalls/descriptor.js';
import { Container } from './container.js';
import { encodeCommand } from './exec-program.js';
import type { LaunchReport, LaunchRequest, PreparedData } from './launch-messages.js';
import type { LaunchOptions } from './launch-options.js';
import { sharedLaunchThread, type LaunchThread } from './launch-thread.js';
import { pipelineSetUp } from './pipeline-set-up.js';
import {
  controlsOf,
  planNamespacesOf,
  planProcess,
  setUpDataOf,
  terminalSizeOf,
} from './plan-launch.js';
import { fromData } from './prepared-data.js';
import { RunningProcess } from './running-process.js';
import type { RuntimeHost } from './runtime-host.js';
import { closePrepared, explainRefusal } from './start-command.js';
import { ContainerThread, startInNamespaces, type NamespacePlan } from './start-container.js';
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
  // A descriptor of its own: the other belongs to the launch, and closes with it.
  const pidfd = processes.pidfd_open(data.runner.pid);
  const pids = { command: data.runner.pid, init: data.init?.pid, pidfd };
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
  let taken = false;
  try {
    const spec = planProcess(host, options, ends.stdio.entries);
    const program = encodeCommand(spec, {
      userNamespace: plan.maps,
      hasInit: plan.namespaces.pid === 'new',
    });
    waiting = take();
    taken = waiting !== undefined;
    const from = waiting === undefined ? { plan } : { prepared: waiting.data };
    const { calls, ...bare } = program;
    const command = {
      program: { ...bare, count: calls.length },
      dieWithParent: spec.dieWithParent,
    };
    const watch = (data: PreparedData): void => void (waiting = watchOver(host, data));
    const setUp = setUpDataOf(options);
    const {
      refused,
      setUp: report,
      place,
    } = setUp === undefined
      ? await launchFromHere(
          thread,
          options,
          waiting?.data ?? plan,
          { command, terminal: ends.master },
          watch,
        )
      : await thread.launch({ from, setUp, terminal: ends.master, command }, watch);
    if (refused !== undefined) throw explainRefusal(refused, program, spec.command);
    const { process } = waiting as unknown as WaitingContainer;
    signal?.throwIfAborted();
    ends.stdio.closeTheirs();
    const terminal = ends.master === undefined ? null : new Terminal(host.syscalls, ends.master);
    return new Container(
      process,
      ends.stdio.streams,
      terminal,
      controls,
      report as RunReport,
      place,
    );
  } catch (error) {
    ends.stdio.closeTheirs();
    ends.stdio.destroy();
    if (ends.master !== undefined) host.syscalls.close(ends.master);
    const died =
      taken && signal?.aborted !== true && waiting !== undefined && hasEnded(host, waiting);
    waiting?.process.destroy();
    await waiting?.process.gone;
    throw died ? new WaitingEndedError({ cause: error }) : error;
  }
}

/** Runs a Pipeline of this thread, which stays in its namespaces: the calls are made by the waiting process. */
async function launchFromHere(
  { host, prepare }: LaunchThread,
  options: LaunchOptions,
  from: PreparedData | NamespacePlan,
  { command, terminal }: Pick<Extract<LaunchRequest, { op: 'launch' }>, 'command' | 'terminal'>,
  watch: (data: PreparedData) => void,
): Promise<LaunchReport> {
  let data: PreparedData;
  if ('runner' in from) data = from;
  else watch((data = await prepare(from)));
  const prepared = fromData(data, host);
  try {
    const setUp = pipelineSetUp(options.pipeline as Pipeline, options, options);
    return startInNamespaces(new ContainerThread(host, false), prepared, setUp, command, terminal);
  } finally {
    closePrepared(host, prepared);
  }
}

/** Prepared namespaces whose processes were killed before the command ran. */
export class WaitingEndedError extends Error {
  override readonly name = 'WaitingEndedError';
  readonly code = 'NSINIT_STUB_ENDED';

  constructor(options?: ErrorOptions) {
    super('the container was killed before its command started', options);
  }
}

function hasEnded({ processes }: RuntimeHost, { process: { pids } }: WaitingContainer): boolean {
  return [pids.command, pids.init].some((pid) => pid !== undefined && processes.hasEnded(pid));
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
  return {
    master,
    stdio: { entries: [slave, slave, slave], streams: [], closeTheirs, destroy: closeTheirs },
  };
}
