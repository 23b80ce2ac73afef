import type { Syscalls } from '../syscalls/syscalls.js';
import type { SetUp } from './set-up.js';

/** How a set-up is prepared. */
export interface PrepareSetUpOptions {
  /** The host's, in the calling thread. */
  readonly syscalls: Syscalls;
  readonly signal?: AbortSignal | undefined;
}

/** A set-up for which everything is there. */
export interface PreparedSetUp<T> {
  /** Runs it, once: what was prepared is closed afterwards, and taken back when it throws. */
  use<R>(start: (setUp: SetUp<T>) => R | Promise<R>): Promise<R>;
}

/**
 * Prepares a set-up where there is something to prepare, and starts it.
 *
 * @throws what preparing and starting throw; the reason of `signal`.
 */
export async function usePrepared<T, R>(
  setUp: SetUp<T>,
  options: PrepareSetUpOptions,
  start: (setUp: SetUp<T>) => R | Promise<R>,
): Promise<R> {
  if (setUp.prepare === undefined) return start(setUp);
  return (await setUp.prepare(options)).use(start);
}
