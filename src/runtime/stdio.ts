import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { asFd, type Fd } from '../syscalls/descriptor.js';
import { showValue } from './check-launch-options.js';
import type { ProcessCalls } from '../syscalls/process-calls.js';

/**
 * One descriptor of the command: this process's own of the same number, a stream of this process,
 * the container's /dev/null, or an open descriptor (a number, or what has one as `fd`).
 */
export type StdioEntry = 'inherit' | 'pipe' | 'ignore' | number | { readonly fd: number };

/** All descriptors of the command: alike for 0, 1 and 2, or each; more than three may be given. */
export type StdioOption = 'inherit' | 'pipe' | 'ignore' | readonly StdioEntry[];

/** What the command gets, and this process's ends of it. */
export interface OpenedStdio {
  readonly entries: readonly (Fd | 'null')[];
  /** By descriptor: a stream where a pipe was asked for. */
  readonly streams: readonly (Readable | Writable | null)[];
  /** Closes the command's ends here; done once it runs. */
  closeTheirs(): void;
  /** Closes this process's ends, for a command that did not start. */
  destroy(): void;
}

const STANDARD = 3;

/**
 * Makes the pipes.
 *
 * @throws TypeError for an entry that is none of the kinds; SyscallError.
 */
export function openStdio(option: StdioOption, processes: ProcessCalls): OpenedStdio {
  // All are good before the first pipe is made, which nobody would close.
  const wanted = entriesOf(option).map((entry, number) =>
    entry === 'pipe' ? entry : descriptorOf(entry, number),
  );
  const theirs: Fd[] = [];
  const streams: (Readable | Writable | null)[] = [];
  const closeTheirs = (): void => theirs.splice(0).forEach((fd) => processes.close(fd));
  const destroy = (): void => streams.forEach((stream) => stream?.destroy());
  const open = (entry: Fd | 'null' | 'pipe', number: number): Fd | 'null' => {
    if (entry !== 'pipe') {
      streams.push(null);
      return entry;
    }
    const [readable, writable] = processes.pipe2();
    // The command reads from 0 and writes to all others.
    const [end, own] = number === 0 ? [readable, writable] : [writable, readable];
    theirs.push(end);
    streams.push(new Socket({ fd: own, readable: number !== 0, writable: number === 0 }));
    return end;
  };
  try {
    return { entries: wanted.map(open), streams, closeTheirs, destroy };
  } catch (error) {
    // EMFILE: those before it are open.
    closeTheirs();
    destroy();
    throw error;
  }
}

function entriesOf(option: StdioOption): readonly StdioEntry[] {
  if (typeof option === 'string') return Array<StdioEntry>(STANDARD).fill(option);
  // A command without one of the three would open a file in its place.
  return [...option, ...Array<StdioEntry>(Math.max(0, STANDARD - option.length)).fill('ignore')];
}

function descriptorOf(entry: Exclude<StdioEntry, 'pipe'>, number: number): Fd | 'null' {
  if (entry === 'ignore') return 'null';
  if (entry === 'inherit') return asFd(number);
  if (typeof entry === 'number') return asFd(entry);
  if (typeof entry === 'object' && entry !== null && typeof entry.fd === 'number')
    return asFd(entry.fd);
  throw new TypeError(
    `stdio[${number}] must be "inherit", "pipe", "ignore", a descriptor or a stream that has one already, not ${showValue(entry)}`,
  );
}
