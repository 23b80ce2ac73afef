import { setTimeout as delay } from 'node:timers/promises';
import { SyscallError } from '../syscalls/syscall-error.js';
import { checkJobOptions, checkLaunchOptions } from './check-launch-options.js';
import type { Container } from './container.js';
import { directoryIdentity } from './directory-identity.js';
import type { LaunchOptions, NamespaceLaunchOptions } from './launch-options.js';
import { sharedLaunchThread, type LaunchThread } from './launch-thread.js';
import { launchIn, WaitingEndedError, type Supply } from './launch.js';
import { planNamespacesOf, setUpDataOf } from './plan-launch.js';
import { isMadeAhead, setUpAhead } from './set-up-ahead.js';
import type { SetUpData, SetUpOptions } from './set-up-options.js';
import type { NamespacePlan } from './start-container.js';
import { release, watchOver, type WaitingContainer } from './waiting-container.js';

/** Milliseconds. */
const REFILL_PAUSE = 3;

/** What a pool's containers have in common. */
export interface PoolOptions extends NamespaceLaunchOptions, SetUpOptions {
  /** How many are kept ready. */
  readonly size: number;
  /**
   * How far they are prepared. With `root`, which is taken where the pool is told its set-up, the
   * root is set up too, and a launch costs an execve: what the steps read of the host is as old as
   * the waiting container. With `namespaces` the steps run at each launch.
   */
  readonly ahead?: 'root' | 'namespaces' | undefined;
}

/** A job for a pool: the namespaces are the pool's, and so is the set-up where the job has none of its own. */
export type PoolLaunchOptions = Omit<LaunchOptions, keyof NamespaceLaunchOptions>;

/** The pool was closed. */
export class PoolClosedError extends Error {
  override readonly name = 'PoolClosedError';
  readonly code = 'NSINIT_POOL_CLOSED';

  constructor() {
    super('the pool is closed: it launches nothing any more');
  }
}

interface PooledContainer extends WaitingContainer {
  /** Which directory the root was made of. */
  readonly identity?: string | undefined;
}

/**
 * Keeps containers ready, each with the process in it that becomes the command: a launch then
 * costs an execve, and the set-up where that is not made ahead. A waiting one is two processes of
 * one page of code, which sleep.
 */
export class ContainerPool implements AsyncDisposable {
  readonly #ready: PooledContainer[] = [];
  #preparing = 0;
  #closed = false;
  #refilling = false;
  #settled: Promise<void> = Promise.resolve();
  /** The set-up that is made ahead. */
  readonly #setUp: SetUpData | undefined;

  /** @internal Use {@link createPool}. */
  constructor(
    private readonly thread: LaunchThread,
    private readonly plan: NamespacePlan,
    private readonly options: PoolOptions,
  ) {
    this.#setUp = setUpAhead(options);
  }

  /** How many are ready now. */
  get ready(): number {
    return this.#ready.length;
  }

  /**
   * Starts a command in a container that is ready, if there is one, else as {@link launch} does:
   * also where the job has a set-up or a terminal of its own, or is to outlive this program, and
   * roots are set up ahead.
   *
   * @throws as {@link launch}; PoolClosedError.
   */
  async launch(job: PoolLaunchOptions): Promise<Container> {
    if (this.#closed) throw new PoolClosedError();
    checkJobOptions(job);
    job.signal?.throwIfAborted();
    const { size: _, ahead: __, ...shared } = this.options;
    const options = { ...shared, ...job };
    try {
      for (;;) {
        try {
          return await launchIn(this.thread, options, this.plan, this.#supplyFor(job));
        } catch (error) {
          // Killed while it waited, or since: the next one is as good.
          if (!(error instanceof WaitingEndedError)) throw error;
        }
      }
    } finally {
      this.#refill();
    }
  }

  /** Ends what waits. Containers that run stay. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#settled;
    await this.#endWaiting();
  }

  /**
   * Replaces what waits: after a change of the host that a root which is set up already would not
   * show, such as a file that was bound and has been replaced. That the root directory itself has
   * been replaced is noticed without it.
   *
   * @throws what preparing throws.
   */
  async refresh(): Promise<void> {
    if (this.#closed) throw new PoolClosedError();
    await this.#settled;
    await this.#endWaiting();
    await this.fill();
  }

  /** Waits until no refill is under way. */
  settled(): Promise<void> {
    return this.#settled;
  }

  /** As {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Fills it up. @throws what preparing namespaces throws. */
  async fill(): Promise<void> {
    const missing = this.options.size - this.#ready.length - this.#preparing;
    const made = await Promise.allSettled(
      Array.from({ length: Math.max(0, missing) }, () => this.#prepareOne()),
    );
    const failed = made.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** What this job can be started in. */
  #supplyFor(job: PoolLaunchOptions): Supply {
    const take = (): WaitingContainer | undefined => {
      const waiting = this.#ready.shift();
      if (waiting !== undefined) waiting.process.held = true;
      return waiting;
    };
    if (this.#setUp === undefined) return { ready: false, take };
    if (!isMadeAhead(job, this.options)) return { ready: false, take: () => undefined };
    this.#dropStale();
    return { ready: this.#ready.length > 0, take };
  }

  /** Whoever replaces the root directory between two launches expects the second to see it. */
  #dropStale(): void {
    const identity = this.#identify();
    for (const waiting of this.#ready.filter((one) => one.identity !== identity)) {
      waiting.process.held = true;
      this.#drop(waiting);
      waiting.process.destroy();
    }
  }

  #identify(): string | undefined {
    const rootfs = this.#setUp?.rootfs;
    if (rootfs === undefined) return undefined;
    try {
      return directoryIdentity(this.thread.host.syscalls, rootfs);
    } catch (error) {
      // What is wrong with it is told by the step that opens it.
      if (error instanceof SyscallError) return undefined;
      throw error;
    }
  }

  async #endWaiting(): Promise<void> {
    await Promise.all(
      this.#ready.splice(0).map(async (waiting) => {
        waiting.process.held = true;
        release(this.thread.host, waiting);
        waiting.process.destroy();
        await waiting.process.gone;
      }),
    );
  }

  /**
   * Fills it up in the background. Preparing takes a processor for most of a millisecond: what has
   * just been launched gets it first, unless nothing is left for the next launch.
   */
  #refill(): void {
    if (this.#closed || this.#refilling) return;
    this.#refilling = true;
    const pause = this.#ready.length === 0 ? 0 : REFILL_PAUSE;
    this.#settled = this.#settled
      .then(() => delay(pause))
      .then(() => {
        this.#refilling = false;
        return this.#closed ? undefined : this.fill();
      })
      // A failure comes back to whoever launches next, which prepares its own then.
      .catch(() => undefined);
  }

  async #prepareOne(): Promise<void> {
    this.#preparing += 1;
    try {
      const waiting = await this.#prepare();
      // The program may end while it waits, and it with the program.
      waiting.process.held = false;
      this.#ready.push(waiting);
      void waiting.process.gone.then(() => this.#drop(waiting));
    } finally {
      this.#preparing -= 1;
    }
  }

  async #prepare(): Promise<PooledContainer> {
    const { host } = this.thread;
    if (this.#setUp === undefined) return watchOver(host, await this.thread.prepare(this.plan));
    // Before the steps open it: a directory that is exchanged meanwhile is taken for stale.
    const identity = this.#identify();
    let made: WaitingContainer | undefined;
    try {
      const root = await this.thread.prepareRoot(
        this.plan,
        this.#setUp,
        (data) => (made = watchOver(host, data)),
      );
      const waiting = made as unknown as WaitingContainer;
      this.thread.cleanUpAfter(waiting.process, root);
      return { ...waiting, root, identity };
    } catch (error) {
      made?.process.destroy();
      await made?.process.gone;
      throw error;
    }
  }

  /** Somebody has killed one that waits: its namespaces are of no use. */
  #drop(waiting: WaitingContainer): void {
    const index = this.#ready.indexOf(waiting);
    if (index < 0) return;
    this.#ready.splice(index, 1);
    release(this.thread.host, waiting);
    this.#refill();
  }
}

/**
 * Makes a pool, filled.
 *
 * @throws TypeError for a size that is none; what preparing throws, a StepError of the set-up too.
 */
export async function createPool(options: PoolOptions): Promise<ContainerPool> {
  checkLaunchOptions(options, ['size', 'ahead']);
  if (!Number.isInteger(options.size) || options.size < 1) {
    throw new TypeError(`size must be a whole number from 1, not ${String(options.size)}`);
  }
  if (![undefined, 'root', 'namespaces'].includes(options.ahead)) {
    throw new TypeError(`ahead must be "root" or "namespaces", not ${String(options.ahead)}`);
  }
  const plan = planNamespacesOf(options);
  const thread = await sharedLaunchThread();
  const pool = new ContainerPool(thread, plan, options);
  try {
    await Promise.all([pool.fill(), preload(thread, options)]);
  } catch (error) {
    await pool.close();
    throw error;
  }
  return pool;
}

/** What the launch thread needs for the pool's set-up is loaded before the first launch. */
async function preload(thread: LaunchThread, options: PoolOptions): Promise<void> {
  // What is set up ahead is loaded by that.
  const setUp = setUpAhead(options) === undefined ? setUpDataOf(options) : undefined;
  if (setUp !== undefined) await thread.load(setUp);
}
