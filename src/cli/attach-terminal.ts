import { openPseudoTerminal, Terminal, type TerminalSize } from '../runtime/terminal.js';
import { asFd, type Fd } from '../syscalls/descriptor.js';
import { TCGETS, TCSETS } from '../syscalls/file-flags.js';
import type { Syscalls } from '../syscalls/syscalls.js';

/** A new pseudo-terminal that the caller's is to be joined with. */
export interface CallerTerminal {
  readonly master: Fd;
  readonly slave: Fd;
  /**
   * Joins the caller's terminal with it, once the command has its end.
   *
   * @returns what waits for the last output and gives the caller's terminal back.
   */
  attach(): () => Promise<void>;
}

/** @param size the caller's unless given. @throws SyscallError */
export function openCallerTerminal(
  syscalls: Syscalls,
  size: TerminalSize = callerSize(),
): CallerTerminal {
  const { master, slave } = openPseudoTerminal(syscalls, size);
  const attach = (): (() => Promise<void>) => {
    const detach = attachTerminal(syscalls, master);
    syscalls.close(slave);
    return detach;
  };
  return { master, slave, attach };
}

/** The size of the caller's terminal, in characters. */
function callerSize(): TerminalSize {
  return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 };
}

/** The caller's is raw, so that every key arrives, and followed in its size. */
function attachTerminal(syscalls: Syscalls, master: Fd): () => Promise<void> {
  const terminal = new Terminal(syscalls, master);
  const { stdin, stdout } = process;
  const resize = (): void => terminal.resize(callerSize());
  const closed = new Promise<void>((done) => {
    terminal.once('close', () => done());
  });
  const makeRaw = (): void => {
    if (!stdin.isTTY) return;
    stdin.setRawMode(true);
    passOutputOn(syscalls, asFd(stdin.fd));
  };
  // Back in the foreground the terminal has the modes of the shell.
  const makeRawAgain = (): void => {
    if (stdin.isTTY) stdin.setRawMode(false);
    makeRaw();
    resize();
  };
  makeRaw();
  process.on('SIGCONT', makeRawAgain);
  stdin.pipe(terminal, { end: false });
  const stopTyping = typeEndOf(stdin, terminal);
  terminal.pipe(stdout, { end: false });
  terminal.on('error', () => terminal.destroy());
  // Nobody sees it any more: the command is hung up on.
  const hangUp = (): void => void terminal.destroy();
  stdout.on('error', hangUp);
  stdout.on('resize', resize);
  return async () => {
    await closed;
    stdout.off('resize', resize);
    process.off('SIGCONT', makeRawAgain);
    stdin.unpipe(terminal);
    stopTyping();
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
    // A file has none.
    (stdin as Partial<typeof stdin>).unref?.();
  };
}

// More than struct termios of any architecture. The output flags are its second word.
const TERMIOS_SIZE = 64;
const OUTPUT_FLAGS_AT = 4;
const OPOST = 1;

/**
 * What is shown has been translated by the command's own terminal. Node leaves the caller's to do so
 * as well: a line feed that moves the cursor down would move it to the left too (termios(3)).
 */
function passOutputOn(syscalls: Syscalls, terminal: Fd): void {
  const termios = new Uint8Array(TERMIOS_SIZE);
  const view = new DataView(termios.buffer);
  syscalls.ioctl(terminal, TCGETS, termios);
  view.setUint32(OUTPUT_FLAGS_AT, view.getUint32(OUTPUT_FLAGS_AT, true) & ~OPOST, true);
  syscalls.ioctl(terminal, TCSETS, termios);
}

// VEOF of a new terminal: Control-D.
const END_OF_FILE = '\x04';
const NEWLINE = 0x0a;

/** A file or pipe that ends is an end for the command too, which a terminal has by a key alone. */
function typeEndOf(input: NodeJS.ReadStream, terminal: Terminal): () => void {
  let last = NEWLINE;
  const remember = (chunk: Buffer): void => {
    last = chunk.at(-1) ?? last;
  };
  // Behind part of a line the first only ends that (termios(3)).
  const type = (): void =>
    void terminal.write(last === NEWLINE ? END_OF_FILE : END_OF_FILE + END_OF_FILE);
  input.on('data', remember).once('end', type);
  return () => void input.off('data', remember).off('end', type);
}
