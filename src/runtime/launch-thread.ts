import { stat } from 'node:fs/promises';
import { isMainThread, Worker } from 'node:worker_threads';
import { NsinitError, OptionError, PlanError, StepError } from '../pipeline/errors.js';
import { watchInWorkerThread } from '../syscalls/libc-watch.js';
import { PathError } from '../syscalls/paths.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import { CommandError } from './command-error.js';
import { decodeError, type ErrorClasses } from './error-transfer.js';
import type {
  LaunchReply,
  LaunchReport,
  LaunchRequest,
  PreparedData,
  ReadyRoot,
  RootReport,
} from './launch-messages.js';
import { NamespaceError } from './namespaces.js';
import { openRuntimeHost, type RuntimeHost } from './runtime-host.js';
import type { RunningProcess } from './running-process.js';
import type { SetUpData } from './set-up-options.js';
import type { NamespacePlan } from './start-container.js';
import { StubEndedError } from './stub-connection.js';
import { UserMappingError } from './user-mapping.js';

const ERROR_CLASSES: ErrorClasses = [
  StepError,
  NsinitError,
  OptionError,
  PlanError,
  PathError,
  SyscallError,
  CommandError,
  NamespaceError,
  StubEndedError,
  UserMappingError,
  TypeError,
  RangeError,
];

// Distributes over the kinds of request, as Omit alone does not.
type WithoutId<R> = R extends unknown ? Omit<R, 'id'> : never;

type LaunchJob = Omit<Extract<LaunchRequest, { op: 'launch' }>, 'id' | 'op'>;

interface Waiting {
  prepared(data: PreparedData): void;
  /** What `prepared` threw. */
  failure?: Error;
  resolve(value: LaunchReport | ReadyRoot | undefined): void;
  reject(error: Error): void;
}

/**
 * The thread in which containers are made, kept warm: it enters their namespaces while this
 * program's own threads stay where they are, and does the waiting that would block the event loop.
 */
export class LaunchThread {
  readonly host: RuntimeHost;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  private constructor(host: RuntimeHost) {
    this.host = host;
    this.#worker = new Worker(new URL('./launch-worker.js', import.meta.url), {
      workerData: { image: host.image },
      // Neither the program's flags nor its loaders: they may not exist for a worker.
      execArgv: [],
    });
    this.#worker.unref();
    this.#worker.on('message', (reply: LaunchReply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () =>
      this.#fail(new Error('the thread that launches containers has ended')),
    );
  }

  /** Starts one. */
  static async open(): Promise<LaunchThread> {
    // The pool of libuv is made by the first thread that needs it, in that thread's namespaces: by
    // this one, therefore, and now.
    await stat('/');
    const host = openRuntimeHost();
    if (!isMainThread) watchInWorkerThread();
    return new LaunchThread(host);
  }

  /** Whether it can still be used. */
  get alive(): boolean {
    return this.#worker.threadId !== -1;
  }

  /** Prepares namespaces. Their processes are children of this one, to be waited for by the caller. */
  readonly prepare = async (plan: NamespacePlan): Promise<PreparedData> => {
    let made: PreparedData | undefined;
    await this.#ask({ op: 'prepare', plan }, (data) => (made = data));
    if (made === undefined) throw new Error('the launch thread has prepared nothing');
    return made;
  };

  /** Prepares namespaces and sets a root up in them. `prepared` is told as by {@link launch}. */
  async prepareRoot(
    plan: NamespacePlan,
    setUp: SetUpData,
    prepared: (data: PreparedData) => void,
  ): Promise<ReadyRoot> {
    const root = await this.#ask({ op: 'prepare', plan, setUp }, prepared);
    if (root === undefined) throw new Error('the launch thread has set nothing up');
    return root as ReadyRoot;
  }

  /** Lets what was prepared for a container be cleaned up when that has ended, if there is something. */
  cleanUpAfter(process: RunningProcess, { ends }: RootReport): void {
    if (ends === undefined) return;
    process.afterwards(async () => {
      // Where the thread has ended, so has what it had prepared.
      if (this.alive) await this.#ask({ op: 'end', of: ends });
    });
  }

  /** Loads a set-up ahead of its first use. */
  async load(setUp: SetUpData): Promise<void> {
    await this.#ask({ op: 'load', setUp });
  }

  /**
   * Sets up and starts. `prepared` is told of namespaces made for it, as soon as they are there.
   *
   * @param signal stops what is prepared for it on the host.
   */
  async launch(
    job: LaunchJob,
    prepared: (data: PreparedData) => void,
    signal?: AbortSignal,
  ): Promise<LaunchReport> {
    const asked = this.#ask({ op: 'launch', ...job }, prepared);
    const report = await (signal === undefined ? asked : this.#untilAborted(asked, signal));
    if (report === undefined) throw new Error('the launch thread has started nothing');
    return report as LaunchReport;
  }

  #ask(
    request: WithoutId<LaunchRequest>,
    prepared: (data: PreparedData) => void = () => undefined,
  ): Promise<LaunchReport | ReadyRoot | undefined> {
    this.#next += 1;
    const id = this.#next;
    // The program stays for an answer, and not for the thread.
    if (this.#waiting.size === 0) this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { prepared, resolve, reject });
      this.#worker.postMessage({ ...request, id });
    });
  }

  /** @param asked the answer to what was asked last. */
  async #untilAborted<T>(asked: Promise<T>, signal: AbortSignal): Promise<T> {
    const launch = this.#next;
    const abort = (): void => void this.#ask({ op: 'abort', launch });
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await asked;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  #settle(reply: LaunchReply): void {
    const waiting = this.#waiting.get(reply.id);
    if ('prepared' in reply) {
      try {
        waiting?.prepared(reply.prepared);
      } catch (error) {
        // Thrown here it would be nobody's.
        if (waiting !== undefined) waiting.failure = error as Error;
      }
      return;
    }
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (waiting?.failure !== undefined) waiting.reject(waiting.failure);
    else if (reply.ok) waiting?.resolve(reply.value);
    else waiting?.reject(decodeError(reply.error, ERROR_CLASSES));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

let shared: Promise<LaunchThread> | undefined;

/** The program's launch thread; another one if the last has ended. */
export async function sharedLaunchThread(): Promise<LaunchThread> {
  const thread = await (shared ??= LaunchThread.open());
  if (thread.alive) return thread;
  shared = LaunchThread.open();
  return shared;
}
