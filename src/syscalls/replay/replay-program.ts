import type { Fd } from '../descriptor.js';
import { GrowingMemory } from '../growing-memory.js';
import {
  ANSWER,
  ARGUMENT,
  CHECK,
  CHECK_SIZE,
  ENTRY_SIZE,
  OP_ANSWER_AT,
  OP_ARGS_AT,
  OP_CHECKS_AT,
  OP_EXPECTED_AT,
  OP_FIRST_CHECK_AT,
  OP_KINDS_AT,
  OP_RESTARTS_AT,
  OP_RESULT_AT,
  OP_SIZE,
  PROGRAM_FIELDS,
  PROGRAM_SIZE,
  SYMBOL_CLASS,
  type SymbolClass,
} from './replay-layout.js';

const LITTLE_ENDIAN = true;
const SHIFT_32 = 32n;

/** An argument: a number, a place in the program, the place of a descriptor, or of a template. */
export interface ProgramArgument {
  readonly kind: keyof typeof ARGUMENT;
  readonly value: number;
  /** Of a template: where its text is put. */
  readonly room?: number;
}

/** What is compared of an answer. */
export interface ProgramCheck {
  readonly kind: keyof typeof CHECK;
  readonly at: number;
  readonly value: bigint;
}

/** One operation of a program. */
export interface ProgramOp {
  readonly number: number;
  readonly args: readonly ProgramArgument[];
  readonly answer: keyof typeof ANSWER;
  /** Whether it is made again when a signal has interrupted it. */
  readonly restarts: boolean;
  /** The result; of a new descriptor its place. */
  readonly expected: number;
  readonly checks: readonly ProgramCheck[];
}

/** Puts a program together. Its memory comes first, so that places in it are known at once. */
export class ReplayProgramBuilder {
  readonly #memory = new GrowingMemory(PROGRAM_SIZE);
  readonly #ops: ProgramOp[] = [];
  readonly #symbols = new Map<string, number>();
  #descriptors: number;

  /** @param inputs how many descriptors are handed in. */
  constructor(private readonly inputs: number) {
    this.#descriptors = inputs;
  }

  /** Bytes of its memory so far. */
  get size(): number {
    return this.#memory.bytes.length;
  }

  /** A place for another descriptor. */
  newDescriptor(): number {
    this.#descriptors += 1;
    return this.#descriptors - 1;
  }

  /** Memory with this content. */
  bytes(content: Uint8Array): number {
    return this.#memory.append(content);
  }

  /** Memory for the kernel to fill. */
  room(size: number): number {
    return this.#memory.reserve(size);
  }

  /** The number of a symbol, as a check has it. */
  symbol(symbolClass: SymbolClass, value: bigint): bigint {
    const key = `${symbolClass} ${value}`;
    const number = this.#symbols.get(key) ?? this.#symbols.size;
    this.#symbols.set(key, number);
    return BigInt(number) | (BigInt(SYMBOL_CLASS[symbolClass]) << SHIFT_32);
  }

  /** Appends an operation. */
  op(op: ProgramOp): void {
    this.#ops.push(op);
  }

  /** The whole as the library takes it. */
  build(): ReplayProgram {
    const memory = this.#memory;
    const checks = this.#ops.reduce((sum, op) => sum + op.checks.length, 0);
    const tableSize = 2 ** Math.ceil(Math.log2(this.#symbols.size * 2 + 2));
    const header: Record<(typeof PROGRAM_FIELDS)[number], number> = {
      opsAt: memory.reserve(this.#ops.length * OP_SIZE),
      ops: this.#ops.length,
      checksAt: memory.reserve(checks * CHECK_SIZE),
      descriptorsAt: memory.reserve(this.#descriptors * 8),
      boundAt: memory.reserve(this.#symbols.size),
      symbols: this.#symbols.size,
      tableAt: memory.reserve(tableSize * ENTRY_SIZE),
      tableSize,
    };
    const bytes = memory.bytes.slice();
    const view = new DataView(bytes.buffer);
    PROGRAM_FIELDS.forEach((field, index) =>
      view.setUint32(index * 4, header[field], LITTLE_ENDIAN),
    );
    let firstCheck = 0;
    this.#ops.forEach((op, index) => {
      putOp(view, header.opsAt + index * OP_SIZE, op, firstCheck);
      op.checks.forEach((check, nth) =>
        putCheck(view, header.checksAt + (firstCheck + nth) * CHECK_SIZE, check),
      );
      firstCheck += op.checks.length;
    });
    return new ReplayProgram(bytes, { ...header, inputs: this.inputs });
  }
}

function putOp(view: DataView, at: number, op: ProgramOp, firstCheck: number): void {
  view.setUint32(at, op.number, LITTLE_ENDIAN);
  view.setUint8(at + OP_ANSWER_AT, ANSWER[op.answer]);
  view.setUint8(at + OP_RESTARTS_AT, op.restarts ? 1 : 0);
  op.args.forEach(({ kind, value, room = 0 }, index) => {
    view.setUint8(at + OP_KINDS_AT + index, ARGUMENT[kind]);
    const whole = BigInt(value) + (BigInt(room) << SHIFT_32);
    view.setBigInt64(at + OP_ARGS_AT + index * 8, whole, LITTLE_ENDIAN);
  });
  view.setBigInt64(at + OP_EXPECTED_AT, BigInt(op.expected), LITTLE_ENDIAN);
  view.setUint32(at + OP_FIRST_CHECK_AT, firstCheck, LITTLE_ENDIAN);
  view.setUint32(at + OP_CHECKS_AT, op.checks.length, LITTLE_ENDIAN);
}

function putCheck(view: DataView, place: number, { kind, at, value }: ProgramCheck): void {
  view.setUint32(place, CHECK[kind], LITTLE_ENDIAN);
  view.setUint32(place + 4, at, LITTLE_ENDIAN);
  view.setBigUint64(place + 8, value, LITTLE_ENDIAN);
}

/** A program, and what came of it when it has run. */
export class ReplayProgram {
  readonly #view: DataView;

  constructor(
    readonly bytes: Uint8Array<ArrayBuffer>,
    private readonly layout: {
      readonly opsAt: number;
      readonly descriptorsAt: number;
      readonly inputs: number;
    },
  ) {
    this.#view = new DataView(bytes.buffer);
  }

  /** Hands descriptors in, in the order in which the recording had them. */
  handIn(descriptors: readonly Fd[]): void {
    if (descriptors.length !== this.layout.inputs)
      throw new RangeError(`${this.layout.inputs} descriptors are to be handed in`);
    descriptors.forEach((fd, index) =>
      this.#view.setBigInt64(this.layout.descriptorsAt + index * 8, BigInt(fd), LITTLE_ENDIAN),
    );
  }

  /** What the kernel answered to an operation: its result, an error as its negated errno. */
  resultOf(op: number): number {
    const at = this.layout.opsAt + op * OP_SIZE + OP_RESULT_AT;
    return Number(this.#view.getBigInt64(at, LITTLE_ENDIAN));
  }

  /** A time that the program has taken (`struct timespec`), in microseconds. */
  timeAt(at: number): number {
    const seconds = Number(this.#view.getBigInt64(at, LITTLE_ENDIAN));
    return seconds * 1e6 + Number(this.#view.getBigInt64(at + 8, LITTLE_ENDIAN)) / 1000;
  }

  /** Memory of the program. */
  memory(at: number, length: number): Uint8Array {
    return this.bytes.subarray(at, at + length);
  }
}
