import type { Fd } from '../syscalls/descriptor.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { Terminal, type TerminalSize } from '../runtime/terminal.js';

/** The size of the caller's terminal, in characters. */
export function callerSize(): TerminalSize {
  return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 };
}

/**
 * Joins the caller's terminal with the container's: raw, so that every key arrives, and followed
 * in its size.
 *
 * @returns what waits for the last output and gives the caller's terminal back.
 */
export function attachTerminal(syscalls: Syscalls, master: Fd): () => Promise<void> {
  const terminal = new Terminal(syscalls, master);
  const { stdin, stdout } = process;
  const resize = (): void => terminal.resize(callerSize());
  const closed = new Promise<void>((done) => {
    terminal.once('close', () => done());
  });
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.pipe(terminal);
  terminal.pipe(stdout, { end: false });
  terminal.on('error', () => terminal.destroy());
  stdout.on('resize', resize);
  return async () => {
    await closed;
    stdout.off('resize', resize);
    stdin.unpipe(terminal);
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
    stdin.unref();
  };
}
