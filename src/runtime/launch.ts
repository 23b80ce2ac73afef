import type { Pipeline } from '../pipeline/pipeline.js';
import type { RunReport } from '../pipeline/run.js';
import type { Fd } from '../syscalls/descriptor.js';
import { makeStdioBlock } from './blocking-stdio.js';
import { checkLaunchOptions } from './check-launch-options.js';
import { Container } from './container.js';
import { encodeCommand, type CommandProgram } from './exec-program.js';
import { findHostNulls } from './host-nulls.js';
import type { LaunchReport, LaunchRequest, PreparedData } from './launch-messages.js';
import type { LaunchOptions } from './launch-options.js';
import { sharedLaunchThread, type LaunchThread } from './launch-thread.js';
import { replayedSetUp } from './replayed-set-up.js';
import {
  controlsOf,
  planNamespacesOf,
  planProcess,
  refuseLocalOptions,
  setUpDataOf,
  terminalSizeOf,
} from './plan-launch.js';
import { fromData } from './prepared-data.js';
import { usePrepared } from './prepare-set-up.js';
import type { RunningProcess } from './running-process.js';
import type { RuntimeHost } from './runtime-host.js';
import type { SetUp } from './set-up.js';
import { closePrepared, explainRefusal } from './start-command.js';
import { ContainerThread, startInNamespaces, type NamespacePlan } from './start-container.js';
import { openStdio, type OpenedStdio } from './stdio.js';
import { openPseudoTerminal, Terminal } from './terminal.js';
import { hasEnded, runInReadyRoot, watchOver, type WaitingContainer } from './waiting-container.js';

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
  checkLaunchOptions(options);
  options.signal?.throwIfAborted();
  const plan = planNamespacesOf(options);
  const thread = await sharedLaunchThread();
  options.signal?.throwIfAborted();
  return launchIn(thread, options, plan);
}

/** Where a launch takes its container from. */
export interface Supply {
  /** Whether what it gives out has its root set up. */
  readonly ready: boolean;
  /** Called once the options have been found good; undefined for a container made for this launch. */
  take(): WaitingContainer | undefined;
}

const NOTHING_PREPARED: Supply = { ready: false, take: () => undefined };

/** Starts a command in a container of a supply. */
export async function launchIn(
  thread: LaunchThread,
  options: LaunchOptions,
  plan: NamespacePlan,
  supply: Supply = NOTHING_PREPARED,
): Promise<Container> {
  const { host } = thread;
  const { signal } = options;
  const controls = controlsOf(options);
  refuseLocalOptions(options);
  const ends = openEnds(host, options);
  let waiting: WaitingContainer | undefined;
  /** One that waited, and may have been killed meanwhile. */
  let unanswered = false;
  try {
    const spec = planProcess(host, options, ends.stdio.entries);
    makeStdioBlock(host.syscalls, spec.stdio);
    const program = encodeCommand(spec, {
      ...plan,
      inRoot: supply.ready,
      hostNulls: findHostNulls(host.syscalls, spec.stdio),
    });
    waiting = supply.take();
    unanswered = waiting !== undefined;
    const {
      refused,
      setUp: report,
      place,
    } = waiting?.root !== undefined
      ? await runInReadyRoot(host, waiting, waiting.root, program)
      : await setUpAndRun(
          thread,
          options,
          waiting?.data ?? plan,
          { program, dieWithParent: spec.dieWithParent, terminal: ends.master },
          {
            prepared: (data) => void (waiting = watchOver(host, data)),
            running: () => (waiting as unknown as WaitingContainer).process,
          },
        );
    // After a refusal it ends by itself.
    unanswered = false;
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
      unanswered && signal?.aborted !== true && waiting !== undefined && hasEnded(host, waiting);
    waiting?.process.destroy();
    await waiting?.process.gone;
    throw died ? new WaitingEndedError({ cause: error }) : error;
  }
}

/** What is started, whole. */
interface Start {
  readonly program: CommandProgram;
  readonly dieWithParent: boolean;
  readonly terminal: Fd | undefined;
}

/** Sets the root up and runs the command, in prepared namespaces or in new ones. */
async function setUpAndRun(
  thread: LaunchThread,
  options: LaunchOptions,
  from: PreparedData | NamespacePlan,
  { program, dieWithParent, terminal }: Start,
  watch: StartWatch,
): Promise<LaunchReport> {
  const { calls, ...bare } = program;
  const command = { program: { ...bare, count: calls.length }, dieWithParent };
  const setUp = setUpDataOf(options);
  if (setUp === undefined)
    return launchFromHere(thread, options, from, { command, terminal }, watch);
  const source = 'runner' in from ? { prepared: from } : { plan: from };
  const job = { from: source, setUp, terminal, command };
  const report = await thread.launch(job, watch.prepared, options.signal);
  thread.cleanUpAfter(watch.running(), report);
  return report;
}

/** What is told of a start, and asked. */
interface StartWatch {
  /** Namespaces were made for it. */
  prepared(data: PreparedData): void;
  /** The process that waits in them, and becomes the command. */
  running(): RunningProcess;
}

/** Runs a Pipeline of this thread, which stays in its namespaces: the calls are made by the waiting process. */
async function launchFromHere(
  thread: LaunchThread,
  options: LaunchOptions,
  from: PreparedData | NamespacePlan,
  start: Pick<Extract<LaunchRequest, { op: 'launch' }>, 'command' | 'terminal'>,
  watch: StartWatch,
): Promise<LaunchReport> {
  const { host } = thread;
  const setUp = replayedSetUp(options.pipeline as Pipeline, options, options);
  let begun = false;
  try {
    return await usePrepared(
      setUp,
      { syscalls: host.syscalls, signal: options.signal },
      async (ready, end) => {
        begun = true;
        const report = await startFromHere(thread, ready, from, start, watch.prepared);
        if (end !== undefined && report.refused === undefined) watch.running().afterwards(end);
        return report;
      },
    );
  } catch (error) {
    if (!begun && 'runner' in from) closePrepared(host, fromData(from, host));
    throw error;
  }
}

async function startFromHere(
  { host, prepare }: LaunchThread,
  setUp: SetUp<RunReport>,
  from: PreparedData | NamespacePlan,
  { command, terminal }: Pick<Extract<LaunchRequest, { op: 'launch' }>, 'command' | 'terminal'>,
  watch: (data: PreparedData) => void,
): Promise<LaunchReport> {
  let data: PreparedData;
  if ('runner' in from) data = from;
  else watch((data = await prepare(from)));
  const prepared = fromData(data, host);
  try {
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
