import { GrowingMemory } from '../syscalls/growing-memory.js';
import { architectureIndex } from '../syscalls/libc.js';
import { PROCESS_CALL_NUMBERS, type ProcessCallName } from '../syscalls/numbers.js';
import {
  AREA_ADDRESS,
  AREA_SIZE,
  CALL_ARGS_AT,
  CALL_MODE,
  CALL_SIZE,
  ENDING,
  FRAME_HEADER_SIZE,
  putInt64,
  type CallMode,
  type Ending,
} from './stub-layout.js';

/** Memory of a program, by its offset there. */
export class Pointer {
  constructor(readonly offset: number) {}
}

/** An argument of a call: a number, or memory that goes with the program. */
export type ProgramArg = number | Pointer;

interface ProgramCall {
  readonly name: ProcessCallName;
  readonly args: readonly ProgramArg[];
  readonly mode: CallMode;
  readonly shown: readonly string[];
}

/** A program as bytes, and what its calls are called in a message. */
export interface EncodedProgram {
  readonly bytes: Uint8Array;
  readonly calls: readonly { readonly name: string; readonly args: readonly string[] }[];
}

/** A list of raw system calls with their memory, made by the stub without JavaScript in between. */
export class StubProgram {
  readonly #calls: ProgramCall[] = [];
  readonly #relocations: (readonly [at: number, target: Pointer])[] = [];
  readonly #memory = new GrowingMemory();

  /** Appends a call. `shown` is how its arguments look in an error. */
  call(
    name: ProcessCallName,
    args: readonly ProgramArg[],
    {
      mode = 'stop',
      shown = args.map(String),
    }: { mode?: CallMode; shown?: readonly string[] } = {},
  ): this {
    this.#calls.push({ name, args, mode, shown });
    return this;
  }

  /** A NUL-terminated string. */
  string(text: string): Pointer {
    const bytes = Buffer.from(`${text}\0`);
    return this.bytes(bytes);
  }

  /** Memory with this content, aligned for any structure. */
  bytes(content: Uint8Array): Pointer {
    return new Pointer(this.#memory.append(content));
  }

  /** An array of pointers that ends with NULL, as execve(2) takes it. */
  pointers(list: readonly Pointer[]): Pointer {
    const array = this.bytes(new Uint8Array((list.length + 1) * 8));
    list.forEach((target, index) => this.pointAt(array, index * 8, target));
    return array;
  }

  /** Lets the eight bytes at `at` of a structure point at other memory of the program. */
  pointAt(structure: Pointer, at: number, target: Pointer): void {
    this.#relocations.push([structure.offset + at, target]);
  }

  /**
   * @param descriptors how many descriptors go with it.
   * @throws RangeError when it is larger than the stub's memory: the arguments and environment of
   *   the command are too long for execve(2) as well.
   */
  encode(ending: Ending, descriptors = 0): EncodedProgram {
    const memoryAt = FRAME_HEADER_SIZE + this.#calls.length * CALL_SIZE;
    const memory = this.#memory.bytes;
    const size = memoryAt + memory.length;
    if (size > AREA_SIZE)
      throw new RangeError(`arguments and environment of ${size} bytes are too long`);
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    // The reply is the calls themselves, with their results.
    const header = [
      size,
      this.#calls.length,
      FRAME_HEADER_SIZE,
      memoryAt - FRAME_HEADER_SIZE,
      descriptors,
      ENDING[ending],
    ];
    header.forEach((value, index) => view.setUint32(index * 4, value, true));
    const address = (target: Pointer): number => AREA_ADDRESS + memoryAt + target.offset;
    this.#calls.forEach((call, index) =>
      encodeCall(view, FRAME_HEADER_SIZE + index * CALL_SIZE, call, address),
    );
    bytes.set(memory, memoryAt);
    for (const [at, target] of this.#relocations) putInt64(view, memoryAt + at, address(target));
    return { bytes, calls: this.#calls.map(({ name, shown }) => ({ name, args: shown })) };
  }
}

function encodeCall(
  view: DataView,
  at: number,
  call: ProgramCall,
  address: (target: Pointer) => number,
): void {
  view.setUint32(at, PROCESS_CALL_NUMBERS[call.name][architectureIndex()], true);
  view.setUint32(at + 4, CALL_MODE[call.mode], true);
  call.args.forEach((arg, index) => {
    putInt64(view, at + CALL_ARGS_AT + index * 8, arg instanceof Pointer ? address(arg) : arg);
  });
}
