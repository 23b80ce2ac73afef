import { CALLS } from '../call-table.js';
import type { Fd } from '../descriptor.js';
import { InterceptedSyscalls, type Proceed } from '../intercepted-syscalls.js';
import type { Param, RawArg } from '../params.js';
import { SyscallError } from '../syscall-error.js';
import type { CallArgs, CallName, CallResult } from '../syscalls.js';

/** A call as it crosses into C. */
export interface CrossedCall {
  readonly name: CallName;
  /** Memory that the kernel reads is a copy; what it fills is not among them. */
  readonly raw: readonly RawArg[];
  /** The descriptor that an argument is or names, by the argument's place in `raw`. */
  readonly descriptors: ReadonlyMap<number, Fd>;
}

/** What was answered, and which of its fields were looked at. */
export type RecordedAnswer =
  { readonly errno: number } | { readonly value: unknown; readonly looked: ReadonlySet<string> };

/** A call that was made, with its answer. */
export interface RecordedCall extends CrossedCall {
  readonly answer: RecordedAnswer;
}

/** Passes every call on and notes it, with its answer and what is looked at of that. */
export class RecordingSyscalls extends InterceptedSyscalls {
  /** In the order in which they were made. */
  readonly calls: RecordedCall[] = [];
  /** How many calls had been made at each moment whose time is to be taken. */
  readonly moments: number[] = [];

  /** Notes that the time is to be taken here. */
  markMoment(): void {
    this.moments.push(this.calls.length);
  }

  protected override intercept<N extends CallName>(
    name: N,
    args: CallArgs<N>,
    proceed: Proceed<N>,
  ): CallResult<N> {
    const crossed = crossing(name, args);
    let value: CallResult<N>;
    try {
      value = proceed();
    } catch (error) {
      if (error instanceof SyscallError)
        this.calls.push({ ...crossed, answer: { errno: error.errno } });
      throw error;
    }
    const looked = new Set<string>();
    // The step may do with its own what it likes.
    const kept = value instanceof Uint8Array ? value.slice() : value;
    this.calls.push({ ...crossed, answer: { value: kept, looked } });
    return isStructure(value) ? watched(value, looked) : value;
  }
}

/** A call's arguments as they cross into C. @throws TypeError or RangeError for a bad one. */
export function crossing<N extends CallName>(name: N, args: CallArgs<N>): CrossedCall {
  const raw: RawArg[] = [];
  const descriptors = new Map<number, Fd>();
  const params = CALLS[name].params as unknown as readonly Param<unknown>[];
  params.forEach((param, index) => {
    const given: unknown = (args as readonly unknown[])[index];
    const at = raw.length;
    param.encode(given, raw);
    const descriptor = param.descriptorOf?.(given);
    if (descriptor !== undefined) descriptors.set(at, descriptor);
  });
  return {
    name,
    raw: raw.map((arg) => (arg instanceof Uint8Array ? arg.slice() : arg)),
    descriptors,
  };
}

const isStructure = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  !ArrayBuffer.isView(value) &&
  !Array.isArray(value);

/** The same structure, which notes what is asked of it. */
function watched<T extends object>(structure: T, looked: Set<string>): T {
  return new Proxy(structure, {
    get(target, field) {
      looked.add(String(field));
      return Reflect.get(target, field) as unknown;
    },
    getOwnPropertyDescriptor(target, field) {
      looked.add(String(field));
      return Reflect.getOwnPropertyDescriptor(target, field);
    },
  });
}
