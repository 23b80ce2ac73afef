import { usePrepared } from '../runtime/prepare-set-up.js';
import type { RunningProcess } from '../runtime/running-process.js';
import type { SetUp } from '../runtime/set-up.js';
import { signalNumber } from '../runtime/signals.js';
import type { ContainerThread } from '../runtime/start-container.js';

const ENDING = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

/** A signal came while a set-up was prepared; what had been made has been taken back. */
export class PreparingEndedError extends Error {
  override readonly name = 'PreparingEndedError';

  constructor(readonly signal: (typeof ENDING)[number]) {
    super(`ended by ${signal} while the root was prepared`);
  }

  /** As a shell has it. */
  get exitStatus(): number {
    return 128 + signalNumber(this.signal);
  }
}

/** Prepares a set-up where that is needed, until a signal comes, and starts it. */
export async function prepareAndStart<T, R extends { readonly process: RunningProcess }>(
  setUp: SetUp<T>,
  { host: { syscalls } }: ContainerThread,
  start: (setUp: SetUp<T>) => R,
): Promise<R> {
  if (setUp.prepare === undefined) return start(setUp);
  const abort = new AbortController();
  const end = (signal: NodeJS.Signals): void =>
    abort.abort(new PreparingEndedError(signal as (typeof ENDING)[number]));
  for (const signal of ENDING) process.once(signal, end);
  try {
    return await usePrepared(setUp, { syscalls, signal: abort.signal }, (ready, atEnd) => {
      const started = start(ready);
      if (atEnd !== undefined) started.process.afterwards(atEnd);
      return started;
    });
  } finally {
    for (const signal of ENDING) process.removeListener(signal, end);
  }
}
