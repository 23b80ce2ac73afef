import type { Fd } from '../../src/syscalls/descriptor.js';
import type { ErrnoName } from '../../src/syscalls/errno.js';
import { SyscallError } from '../../src/syscalls/syscall-error.js';
import type { CallArgs, CallName, CallResult, Syscalls } from '../../src/syscalls/syscalls.js';
import { describeResult } from './describe-result.js';
import { retried } from './retried.js';
import type { Caller } from './world.js';

const OPENS: ReadonlySet<CallName> = new Set<CallName>([
  'open_tree',
  'fsopen',
  'fsmount',
  'fspick',
  'openat2',
]);

/** A descriptor that is not open. */
export const NOT_OPEN = 9999 as Fd;

/** One run of a case on one kernel. It notes the outcome of every call. */
export class Trial {
  /** A line a call: its name, and what came of it. */
  readonly log: string[] = [];
  /** Descriptors in the order in which they were opened; their numbers differ. */
  readonly #opened: Fd[] = [];
  #last = '';

  constructor(
    readonly sys: Syscalls,
    readonly caller: Caller,
  ) {}

  /** Makes a call. A refusal is noted and not thrown; the result is undefined then. */
  do<N extends CallName>(name: N, ...args: CallArgs<N>): CallResult<N> | undefined {
    try {
      const call = this.sys[name] as unknown as (...given: CallArgs<N>) => CallResult<N>;
      const value = retried(name, () => call.apply(this.sys, args));
      this.#note(name, this.#describe(name, args, value));
      return value;
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      this.#note(name, error.code);
      return undefined;
    }
  }

  /** Makes a call that has to succeed. */
  ok<N extends CallName>(name: N, ...args: CallArgs<N>): CallResult<N> {
    const value = this.do(name, ...args);
    if (isErrnoName(this.#last)) throw new Error(`${this.#place()} failed with ${this.#last}`);
    return value as CallResult<N>;
  }

  /** Makes a call that has to be refused. */
  fails<N extends CallName>(errno: ErrnoName, name: N, ...args: CallArgs<N>): void {
    this.do(name, ...args);
    if (this.#last !== errno)
      throw new Error(`${this.#place()} gave ${this.#last} and not ${errno}`);
  }

  /** Makes a call that opens something; what is not open stands for it when it is refused. */
  open<N extends 'open_tree' | 'fsopen' | 'fsmount' | 'fspick' | 'openat2'>(
    name: N,
    ...args: CallArgs<N>
  ): Fd {
    return (this.do(name, ...args) ?? NOT_OPEN) as Fd;
  }

  /** Notes something that was found out beside the calls. */
  note(line: string): void {
    this.log.push(line);
  }

  /** Closes what is open still. */
  finish(): void {
    for (const fd of this.#opened) {
      try {
        this.sys.close(fd);
      } catch {
        // The case closed it.
      }
    }
  }

  #describe<N extends CallName>(name: N, args: CallArgs<N>, value: CallResult<N>): string {
    const duplicates = name === 'fcntl' && [0, 1030].includes(Number(args[1]));
    const peer = name === 'ioctl' && Number(args[1]) === 0x5441;
    if (!OPENS.has(name) && !duplicates && !peer) return describeResult(name, value);
    this.#opened.push(value as Fd);
    return 'descriptor';
  }

  #note(name: CallName, outcome: string): void {
    this.#last = outcome;
    this.log.push(`${name}: ${outcome}`);
  }

  #place(): string {
    return `call ${this.log.length} (${this.log.at(-1) ?? ''})`;
  }
}

const isErrnoName = (text: string): boolean => /^E[A-Z0-9]+$|^errno /.test(text);
