import { complain } from './complain.js';

// 128 and the signal that nobody gets here, as Node ignores it.
const BROKEN_PIPE = 141;
const NOT_WRITTEN = 1;

let guarded = false;

/**
 * Writes to standard output. Ends when nobody reads on, as after `| head`, and tells in one line
 * what else there is. A run must not come here: `process.stdout` makes a pipe one that does not
 * block, for the command too.
 */
export function print(text: string): void {
  if (!guarded) process.stdout.on('error', endOutput);
  guarded = true;
  process.stdout.write(text);
}

function endOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(BROKEN_PIPE);
  complain(`standard output: ${error.message}`);
  process.exit(NOT_WRITTEN);
}
