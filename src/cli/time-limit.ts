import type { RunningProcess } from '../runtime/running-process.js';
import { signalNumber } from '../runtime/signals.js';
import type { ConfinementFlags } from './confinement-flags.js';
import { UsageError } from './usage-error.js';

/** The command was ended for having run too long: 124, as timeout(1) has it. */
export const TIMED_OUT = 124;

const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
// What setTimeout takes.
const MOST = 0x7fffffff;

/** After how long the command gets which signal. */
export interface TimeLimit {
  /** As it was given. */
  readonly text: string;
  readonly milliseconds: number;
  readonly signal: number;
}

/** The limit that the options ask for. @throws UsageError */
export function timeLimitOf({
  timeout: time,
  killSignal: signal,
}: Pick<ConfinementFlags, 'timeout' | 'killSignal'>): TimeLimit | undefined {
  const number = parseSignal(signal);
  if (time === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(time);
  const unit = (match?.[2] ?? 's') as keyof typeof MILLISECONDS;
  const milliseconds = Math.round(Number(match?.[1]) * MILLISECONDS[unit]);
  if (!(milliseconds > 0 && milliseconds <= MOST))
    throw new UsageError(
      `--timeout takes a time such as 10, 500ms, 2m or 1h, up to 24 days, not ${JSON.stringify(time)}`,
    );
  return { text: time, milliseconds, signal: number };
}

function parseSignal(given: string): number {
  const name = given.toUpperCase();
  const whole = (name.startsWith('SIG') ? name : `SIG${name}`) as NodeJS.Signals;
  try {
    const number = signalNumber(/^\d+$/.test(given) ? Number(given) : whole);
    // Signal 0 ends nothing (kill(2)).
    if (number !== 0) return number;
  } catch {
    // There is none of that name.
  }
  throw new UsageError(
    `--kill-signal takes a signal such as SIGTERM or 15, not ${JSON.stringify(given)}`,
  );
}

/** Sends the signal in time. @returns what stops the clock, and tells whether it was sent. */
export function limitTime(running: RunningProcess, limit: TimeLimit | undefined): () => boolean {
  if (limit === undefined) return () => false;
  let sent = false;
  const timer = setTimeout(() => {
    sent = running.kill(limit.signal);
  }, limit.milliseconds);
  return () => {
    clearTimeout(timer);
    return sent;
  };
}
