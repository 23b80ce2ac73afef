import type { Container } from './container.js';
import type { PreparedData } from './launch-messages.js';
import type { LaunchOptions, NamespaceLaunchOptions } from './launch-options.js';
import { sharedLaunchThread, type LaunchThread } from './launch-thread.js';
import { launchIn } from './launch.js';
import { planNamespacesOf } from './plan-launch.js';
import type { SetUpOptions } from './set-up-options.js';
import type { NamespacePlan } from './start-container.js';

/** What a pool's containers have in common. */
export interface PoolOptions extends NamespaceLaunchOptions, Partial<SetUpOptions> {
  /** How many are kept ready. */
  readonly size: number;
}

/** A job for a pool: the namespaces are the pool's, the set-up too unless the job has its own. */
export type PoolLaunchOptions = Omit<LaunchOptions, keyof NamespaceLaunchOptions | keyof SetUpOptions> & Partial<SetUpOptions>;

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
  readonly #ready: PreparedData[] = [];
  #preparing = 0;
  #closed = false;
  #settled: Promise<void> = Promise.resolve();

  /** Use {@link createPool}. */
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
    const { size: _, setUp, ...shared } = this.options;
    const ownSetUp = job.setUp ?? setUp;
    if (ownSetUp === undefined) throw new TypeError('setUp is missing: neither the pool nor the job has one');
    try {
      return await launchIn(this.thread, { ...job, ...shared, setUp: ownSetUp }, () => this.#take());
    } finally {
      this.#refill();
    }
  }

  /** Ends what waits. Containers that run stay. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#settled;
    await Promise.all(this.#ready.splice(0).map((prepared) => this.thread.discard(prepared)));
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

  #take(): { prepared: PreparedData } | { plan: NamespacePlan } {
    for (let prepared = this.#ready.shift(); prepared !== undefined; prepared = this.#ready.shift()) {
      if (this.#isAlive(prepared)) return { prepared };
      // Somebody has killed it: its namespaces are of no use.
      this.thread.discard(prepared).catch(() => undefined);
    }
    return { plan: this.plan };
  }

  #isAlive({ runner, init }: PreparedData): boolean {
    const { processes } = this.thread.host;
    return [runner, init].every((stub) => stub === undefined || processes.isRunning(stub.pid));
  }

  #refill(): void {
    if (this.#closed) return;
    // A failure comes back to whoever launches next, which prepares its own then.
    this.#settled = this.fill().catch(() => undefined);
  }

  async #prepareOne(): Promise<void> {
    this.#preparing += 1;
    try {
      this.#ready.push(await this.thread.prepare(this.plan));
    } finally {
      this.#preparing -= 1;
    }
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
  const { setUp } = options;
  await Promise.all([pool.fill(), setUp === undefined ? undefined : thread.load({ setUp })]);
  return pool;
}
