import { writeSync } from 'node:fs';

const STANDARD_ERROR = 2;
// Milliseconds, and how often: a pipe that does not block may be full for a while.
const PAUSE = 5;
const MOST_PAUSES = 200;

/**
 * Writes to standard error, at once and not by `process.stderr`: that makes a pipe one that does not
 * block, for the command too, which shares it. Whoever has closed it is told nothing.
 */
export function writeError(text: string): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  let bytes = Buffer.from(text);
  for (let pauses = 0; bytes.length > 0 && pauses < MOST_PAUSES;) {
    try {
      bytes = bytes.subarray(writeSync(STANDARD_ERROR, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      pauses += 1;
      Atomics.wait(clock, 0, 0, PAUSE);
    }
  }
}

/** One line to standard error. */
export const complain = (message: string): void => writeError(`nsinit: ${message}\n`);
