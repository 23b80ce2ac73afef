import type { Fd } from '../syscalls/descriptor.js';
import { makeStdioBlock } from './blocking-stdio.js';
import { encodeCommand } from './exec-program.js';
import { findHostNulls } from './host-nulls.js';
import { chooseNamespaces, type NamespaceOptions, type Namespaces } from './namespaces.js';
import { prepareNamespaces, type PreparedNamespaces } from './prepared-namespaces.js';
import { isPrivileged } from './privileges.js';
import type { ProcessSpec } from './process-spec.js';
import { RunningProcess } from './running-process.js';
import { openRuntimeHost, type RuntimeHost } from './runtime-host.js';
import {
  chooseSetUpPlace,
  runSetUp,
  type SetUp,
  type SetUpPlace,
  type SetUpSite,
} from './set-up.js';
import { SIGNAL_NUMBERS } from './signals.js';
import {
  closePrepared,
  enterFinishedRoot,
  explainRefusal,
  runCommand,
  sealInit,
  type BareCommandProgram,
  type Sealing,
} from './start-command.js';
import type { Refusal } from './stub-connection.js';
import { ThreadHome } from './thread-home.js';
import { idMaps, type IdMaps, type UserMapping } from './user-mapping.js';

/** What a thread that starts containers has: everything loaded, and its way home. */
export class ContainerThread {
  readonly host: RuntimeHost;
  #home: ThreadHome | undefined;

  /**
   * @param entersNamespaces whether this thread may enter containers' namespaces; one that other
   *   code runs in as well stays out, and makes its calls in the containers' processes.
   */
  constructor(
    host: RuntimeHost = openRuntimeHost(),
    readonly entersNamespaces = true,
  ) {
    this.host = host;
  }

  /** Made when first needed: from then on the thread has a root, directory and umask of its own. */
  get home(): ThreadHome {
    this.#home ??= new ThreadHome(this.host.syscalls);
    return this.#home;
  }
}

/** Namespaces decided, and the ids mapped into them. */
export interface NamespacePlan {
  readonly namespaces: Namespaces;
  readonly maps?: IdMaps;
}

/**
 * Decides the namespaces for this process's privileges.
 *
 * @param mapped the id that a single mapping has inside: the one that the command runs as.
 * @param privileged another's privileges, for a plan.
 * @throws NamespaceError; UserMappingError.
 */
export function planNamespaces(
  options: NamespaceOptions,
  {
    mapping = 'single',
    mapped = { uid: 0, gid: 0 },
    privileged = isPrivileged(),
  }: {
    readonly mapping?: UserMapping | undefined;
    readonly mapped?: { readonly uid: number; readonly gid: number } | undefined;
    readonly privileged?: boolean | undefined;
  } = {},
): NamespacePlan {
  const namespaces = chooseNamespaces(options, privileged);
  return namespaces.user === 'new' ? { namespaces, maps: idMaps(mapping, mapped) } : { namespaces };
}

/** What came of a start. */
export interface StartOutcome<T> {
  readonly setUp: T;
  readonly place: SetUpPlace;
  /** A call between fork and exec that was refused: then the command does not run. */
  readonly refused?: Refusal;
}

/**
 * Sets a root up in namespaces that wait, and lets the process in them become the command.
 * Synchronous; the thread is where it was when this returns or throws.
 *
 * @param terminal the master of a pseudo-terminal, for the set-up's console.
 * @throws what the set-up throws; SyscallError. The waiting processes are still there then.
 */
export function startInNamespaces<T>(
  thread: ContainerThread,
  prepared: PreparedNamespaces,
  setUp: SetUp<T>,
  command: { readonly program: BareCommandProgram; readonly dieWithParent: boolean },
  terminal?: Fd,
): StartOutcome<T> {
  const { umask, ...root } = setUpRoot(thread, prepared, setUp, command.dieWithParent, terminal);
  const refused = runCommand(prepared, command.program, umask);
  return { ...root, ...(refused === undefined ? {} : { refused }) };
}

/**
 * Sets a root up in namespaces that wait, and lets the process in them enter it. All that is left
 * is its command. Synchronous, and throws, as {@link startInNamespaces}.
 */
export function readyInNamespaces<T>(
  thread: ContainerThread,
  prepared: PreparedNamespaces,
  setUp: SetUp<T>,
): FinishedRoot<T> {
  const root = setUpRoot(thread, prepared, setUp, true);
  enterFinishedRoot(prepared);
  return root;
}

/** A root that was set up, its PID 1 sealed. */
interface FinishedRoot<T> {
  readonly setUp: T;
  readonly place: SetUpPlace;
  readonly umask: number;
}

function setUpRoot<T>(
  thread: ContainerThread,
  prepared: PreparedNamespaces,
  setUp: SetUp<T>,
  dieWithParent: boolean,
  terminal?: Fd,
): FinishedRoot<T> {
  const { host } = thread;
  const place = thread.entersNamespaces ? chooseSetUpPlace(host, prepared) : 'process';
  const site: SetUpSite = place === 'thread' ? { in: place, home: thread.home } : { in: place };
  const whole: SetUp<{ result: T; sealing: Sealing }> = (syscalls, context) => ({
    result: setUp(syscalls, context),
    sealing: sealInit(prepared, dieWithParent),
  });
  const {
    result: { result, sealing },
    umask,
  } = runSetUp(host, prepared, site, whole, terminal);
  // The command must not meet a PID 1 that still has capabilities or descriptors.
  sealing.finish();
  return { setUp: result, place, umask };
}

/** A container to start in the calling thread. */
export interface StartRequest<T> {
  readonly plan: NamespacePlan;
  readonly setUp: SetUp<T>;
  readonly process: ProcessSpec;
  /** The master of a pseudo-terminal that the set-up is to show as the console. */
  readonly terminal?: Fd;
}

/**
 * Starts a container from the calling thread, which waits meanwhile: for a command of its own, as
 * `nsinit run`. Programs use `launch`, which does this in another thread.
 *
 * The container dies with the calling **thread**. On failure nothing is left of it.
 *
 * @throws what the set-up throws; CommandError; SyscallError; TypeError for a bad value.
 */
export function startContainer<T>(
  { plan, setUp, process, terminal }: StartRequest<T>,
  thread: ContainerThread = new ContainerThread(),
): { readonly process: RunningProcess; readonly setUp: T } {
  const { host } = thread;
  makeStdioBlock(host.syscalls, process.stdio);
  const program = encodeCommand(process, {
    ...plan,
    hostNulls: findHostNulls(host.syscalls, process.stdio),
  });
  const prepared = prepareNamespaces(host, plan.namespaces, plan.maps);
  const { runner, init } = prepared;
  try {
    const command = {
      program: { ...program, count: program.calls.length },
      dieWithParent: process.dieWithParent,
    };
    const started = startInNamespaces(thread, prepared, setUp, command, terminal);
    if (started.refused !== undefined)
      throw explainRefusal(started.refused, program, process.command);
    const pids = {
      command: runner.pid,
      init: init?.pid,
      pidfd: host.processes.pidfd_open(runner.pid),
    };
    return { process: new RunningProcess(host.processes, pids), setUp: started.setUp };
  } catch (error) {
    runner.connection.close();
    reap(host, [init?.pid, runner.pid]);
    throw error;
  } finally {
    closePrepared(host, prepared);
  }
}

/** Kills children of this process, PID 1 of a namespace before the others in it, and waits for them. */
export function reap(
  { processes }: Pick<RuntimeHost, 'processes'>,
  children: readonly (number | undefined)[],
): void {
  for (const child of children)
    if (child !== undefined) processes.kill(child, SIGNAL_NUMBERS.SIGKILL);
  // PID 1 cannot end before everything in its namespace has been waited for.
  for (const child of children.toReversed()) if (child !== undefined) processes.waitid(child);
}
