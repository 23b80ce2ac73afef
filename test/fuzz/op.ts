import { asFd, AT_FDCWD, type Fd } from '../../src/syscalls/descriptor.js';
import { SyscallError } from '../../src/syscalls/syscall-error.js';
import type { CallName, Syscalls } from '../../src/syscalls/syscalls.js';
import { describeResult } from '../contract/describe-result.js';
import { retried } from '../contract/retried.js';

/** A descriptor by the order in which it was opened; taken round when there are fewer. */
export interface SlotArg {
  readonly slot: number;
}

/** The same, as a path through procfs. */
export interface SlotPathArg {
  readonly slotPath: number;
}

export interface TextArg {
  readonly text: string;
}

export type OpArg =
  number | string | null | SlotArg | SlotPathArg | TextArg | Readonly<Record<string, number>>;

/** One call as data: it can be written to a file, and made on any kernel. */
export interface Op {
  readonly call: CallName;
  readonly args: readonly OpArg[];
}

const OPENS: ReadonlySet<CallName> = new Set<CallName>([
  'open_tree',
  'fsopen',
  'fsmount',
  'openat2',
]);

/** Plays calls on one kernel and keeps the descriptors that they open. */
export class Player {
  readonly open: Fd[] = [];

  constructor(private readonly sys: Syscalls) {}

  /** Makes a call and tells what came of it. */
  play({ call, args }: Op): string {
    const given = args.map((arg) => this.#resolve(arg));
    try {
      const method = this.sys[call] as unknown as (...given: unknown[]) => unknown;
      const value = retried(call, () => method.apply(this.sys, given));
      return this.#took(call, given, value);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      return error.code;
    }
  }

  closeAll(): void {
    for (const fd of this.open.splice(0)) {
      try {
        this.sys.close(fd);
      } catch {
        // Closed by the sequence itself.
      }
    }
  }

  #took(call: CallName, given: readonly unknown[], value: unknown): string {
    const duplicated = call === 'fcntl' && (given[1] === 0 || given[1] === 1030);
    if (OPENS.has(call) || duplicated) {
      this.open.push(value as Fd);
      return 'descriptor';
    }
    if (call === 'close') this.open.splice(this.open.indexOf(given[0] as Fd), 1);
    return describeResult(call, value);
  }

  #resolve(arg: OpArg): unknown {
    if (typeof arg !== 'object' || arg === null) return arg;
    if ('slot' in arg) return this.#descriptor(arg.slot as number);
    if ('slotPath' in arg) {
      const fd = this.#descriptor(arg.slotPath as number);
      return fd === AT_FDCWD ? '.' : { fd };
    }
    return 'text' in arg ? new TextEncoder().encode(arg.text as string) : arg;
  }

  #descriptor(slot: number): Fd {
    const { length } = this.open;
    // -2 is the one opened last.
    if (slot === -2) return this.open[length - 1] ?? AT_FDCWD;
    if (slot < 0 || length === 0) return AT_FDCWD;
    return this.open[slot % length] ?? asFd(0);
  }
}
