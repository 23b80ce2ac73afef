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
  /** To be called when the container has ended, once it has started; unless there is nothing to do. */
  readonly end?: EndWork | undefined;
}

/** What is to be done when a container has ended. It does not fail. */
export type EndWork = () => Promise<void>;

/**
 * Prepares a set-up where there is something to prepare, and starts it. What was prepared is taken
 * back as well when the start tells of a command that was refused.
 *
 * @throws what preparing and starting throw; the reason of `signal`.
 */
export async function usePrepared<T, R>(
  setUp: SetUp<T>,
  options: PrepareSetUpOptions,
  start: (setUp: SetUp<T>, end?: EndWork) => R | Promise<R>,
): Promise<R> {
  if (setUp.prepare === undefined) return start(setUp);
  const prepared = await setUp.prepare(options);
  try {
    return await prepared.use(async (ready) => {
      const outcome = await start(ready, prepared.end);
      if (isRefused(outcome)) throw new RefusedStart(outcome);
      return outcome;
    });
  } catch (error) {
    if (error instanceof RefusedStart) return error.outcome as R;
    throw error;
  }
}

/** Carries the outcome of a start past what takes back whatever throws. */
class RefusedStart extends Error {
  constructor(readonly outcome: unknown) {
    super('the command was refused');
  }
}

const isRefused = (outcome: unknown): boolean =>
  typeof outcome === 'object' &&
  outcome !== null &&
  (outcome as { readonly refused?: unknown }).refused !== undefined;
