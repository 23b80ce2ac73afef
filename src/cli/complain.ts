let complained = false;

/** Whether standard error was written to, which may have to be waited for. */
export const hasComplained = (): boolean => complained;

/** One line to standard error. */
export function complain(message: string): void {
  // Whoever has closed it is told nothing, and the exit status stays.
  if (!complained) process.stderr.on('error', () => undefined);
  complained = true;
  process.stderr.write(`nsinit: ${message}\n`);
}
