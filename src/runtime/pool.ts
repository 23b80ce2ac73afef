import { setTimeout as delay } from 'node:timers/promises';
import type { Container } from './container.js';
import type { LaunchOptions, NamespaceLaunchOptions } from './launch-options.js';
import { sharedLaunchThread, type LaunchThread } from './launch-thread.js';
import { launchIn, watchOver, WaitingEndedError, type WaitingContainer } from './launch.js';
import { planNamespacesOf, setUpDataOf } from './plan-launch.js';
import type { SetUpOptions } from './set-up-options.js';
import type { NamespacePlan } from './start-container.js';

/** Milliseconds. */
const REFILL_PAUSE = 3;

/** What a pool's containers have in common. */
export interface PoolOptions extends NamespaceLaunchOptions, SetUpOptions {
  /** How many are kept ready. */
  readonly size: number;
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

/**
 * Keeps namespaces ready, each with the process in it that becomes the command: a launch then
 * costs the set-up and an execve. A waiting one is two processes of one page of code, which sleep.
 */
export class ContainerPool implements AsyncDisposable {
  readonly #ready: WaitingContainer[] = [];
  #preparing = 0;
  #closed = false;
  #refilling = false;
  #settled: Promise<void> = Promise.resolve();

  /** @internal Use {@link createPool}. */
  constructor(
    private readonly thread: LaunchThread,
    private readonly plan: NamespacePlan,
    private readonly options: PoolOptions,
  ) {}

  /** How many are ready now. */
  get ready(): number {
    return this.#ready.length;
  }

  /**
   * Starts a command, in prepared namespaces if one set is ready, else as {@link launch} does.
   *
   * @throws as {@link launch}; PoolClosedError.
   */
  async launch(job: PoolLaunchOptions): Promise<Container> {
    if (this.#closed) throw new PoolClosedError();
    job.signal?.throwIfAborted();
    const { size: _, ...shared } = this.options;
    const options = { ...shared, ...job };
    try {
      for (;;) {
        try {
          return await launchIn(this.thread, options, this.plan, () => this.#take());
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
    await Promise.all(
      this.#ready.splice(0).map(async (waiting) => {
        waiting.process.held = true;
        this.#release(waiting);
        waiting.process.destroy();
        await waiting.process.gone;
      }),
    );
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
    await Promise.all(Array.from({ length: Math.max(0, missing) }, () => this.#prepareOne()));
  }

  #take(): WaitingContainer | undefined {
    const waiting = this.#ready.shift();
    if (waiting !== undefined) waiting.process.held = true;
    return waiting;
  }

  /** Closes what a waiting one holds in this process. */
  #release({
    data: { runner, init, pidfd, mountNamespace, pidNamespace },
  }: WaitingContainer): void {
    const { processes } = this.thread.host;
    for (const fd of [runner.fd, init?.fd, pidfd, mountNamespace, pidNamespace])
      if (fd !== undefined) processes.close(fd);
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
      const waiting = watchOver(this.thread.host, await this.thread.prepare(this.plan));
      // The program may end while it waits, and it with the program.
      waiting.process.held = false;
      this.#ready.push(waiting);
      void waiting.process.gone.then(() => this.#drop(waiting));
    } finally {
      this.#preparing -= 1;
    }
  }

  /** Somebody has killed one that waits: its namespaces are of no use. */
  #drop(waiting: WaitingContainer): void {
    const index = this.#ready.indexOf(waiting);
    if (index < 0) return;
    this.#ready.splice(index, 1);
    this.#release(waiting);
    this.#refill();
  }
}

/**
 * Makes a pool, filled.
 *
 * @throws TypeError for a size that is none; what preparing namespaces throws.
 */
export async function createPool(options: PoolOptions): Promise<ContainerPool> {
  if (!Number.isInteger(options.size) || options.size < 1) {
    throw new TypeError(`size must be a whole number from 1, not ${String(options.size)}`);
  }
  const plan = planNamespacesOf(options);
  const thread = await sharedLaunchThread();
  const pool = new ContainerPool(thread, plan, options);
  await Promise.all([pool.fill(), preload(thread, options)]);
  return pool;
}

/** What the launch thread needs for the pool's set-up is loaded before the first launch. */
async function preload(thread: LaunchThread, options: PoolOptions): Promise<void> {
  const setUp = setUpDataOf(options);
  if (setUp !== undefined) await thread.load(setUp);
}
