/** Something on the command line is wrong: one line, exit status 2, nothing done. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
