import type { Fd } from '../syscalls/descriptor.js';
import { chooseNamespaces, type NamespaceOptions, type Namespaces } from './namespaces.js';
import { prepareNamespaces, type PreparedNamespaces } from './prepared-namespaces.js';
import { isPrivileged } from './privileges.js';
import type { ProcessSpec } from './process-spec.js';
import { RunningProcess, type ContainerPids } from './running-process.js';
import { openRuntimeHost, type RuntimeHost } from './runtime-host.js';
import { chooseSetUpPlace, runSetUp, type SetUp, type SetUpPlace } from './set-up.js';
import { discard, startCommand } from './start-command.js';
import { ThreadHome } from './thread-home.js';
import { idMaps, type IdMaps, type UserMapping } from './user-mapping.js';

/** What a thread that starts containers has: everything loaded, and its way home. */
export class ContainerThread {
  readonly host: RuntimeHost;
  #home: ThreadHome | undefined;

  constructor(host: RuntimeHost = openRuntimeHost()) {
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
 * @throws NamespaceError; UserMappingError.
 */
export function planNamespaces(
  options: NamespaceOptions,
  { mapping = 'single', mapped = { uid: 0, gid: 0 } }: {
    readonly mapping?: UserMapping | undefined;
    readonly mapped?: { readonly uid: number; readonly gid: number } | undefined;
  } = {},
): NamespacePlan {
  const namespaces = chooseNamespaces(options, isPrivileged());
  return namespaces.user === 'new' ? { namespaces, maps: idMaps(mapping, mapped) } : { namespaces };
}

/** What was started, and how. */
export interface StartedContainer<T> {
  readonly pids: ContainerPids;
  readonly setUp: T;
  readonly place: SetUpPlace;
}

/**
 * Sets up a root in namespaces that wait, and starts the command there. Synchronous; the thread is
 * where it was when this returns or throws. On failure nothing is left.
 *
 * @param terminal the master of a pseudo-terminal, for the set-up's console.
 * @throws what the set-up throws; CommandError; SyscallError.
 */
export function startInNamespaces<T>(
  thread: ContainerThread,
  prepared: PreparedNamespaces,
  setUp: SetUp<T>,
  process: ProcessSpec,
  terminal?: Fd,
): StartedContainer<T> {
  const { host } = thread;
  try {
    const place = chooseSetUpPlace(host, prepared);
    const where = place === 'thread' ? { in: place, home: thread.home } : { in: place };
    const { result, umask } = runSetUp(host, prepared, where, setUp, terminal);
    startCommand(host, prepared, process.umask === undefined && umask !== undefined ? { ...process, umask } : process);
    return { pids: { command: prepared.runner.pid, init: prepared.init?.pid }, setUp: result, place };
  } catch (error) {
    discard(host, prepared);
    throw error;
  }
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
 * The container dies with the calling **thread**.
 *
 * @throws as {@link startInNamespaces}.
 */
export function startContainer<T>(
  { plan, setUp, process, terminal }: StartRequest<T>,
  thread: ContainerThread = new ContainerThread(),
): { readonly process: RunningProcess; readonly setUp: T } {
  const prepared = prepareNamespaces(thread.host, plan.namespaces, plan.maps);
  const started = startInNamespaces(thread, prepared, setUp, process, terminal);
  return { process: new RunningProcess(thread.host.processes, started.pids), setUp: started.setUp };
}
