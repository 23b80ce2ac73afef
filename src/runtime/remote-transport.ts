import type { RawArg, RawKind } from '../syscalls/params.js';
import type { SyscallTransport } from '../syscalls/transport.js';
import type { StubConnection } from './stub-connection.js';
import {
  AREA_ADDRESS,
  AREA_SIZE,
  CALL_ARGS_AT,
  CALL_RESULT_AT,
  CALL_SIZE,
  ENDING,
  FRAME_HEADER_SIZE,
  getInt64,
  putInt64,
  REPLY_HEADER_SIZE,
} from './stub-layout.js';

const MEMORY_AT = FRAME_HEADER_SIZE + CALL_SIZE;
const RESULT_AT = FRAME_HEADER_SIZE + CALL_RESULT_AT;
// The result, and behind it the memory that the kernel filled.
const REPLY_BEFORE_MEMORY = REPLY_HEADER_SIZE + 8;

/**
 * Makes system calls in the stub: in the namespaces where it is, with the privileges that it has
 * there, while this process stays where it was. One call costs a round trip over a socket.
 */
export class RemoteTransport implements SyscallTransport {
  readonly #frame = new Uint8Array(64 * 1024);
  readonly #view = new DataView(this.#frame.buffer);

  constructor(private readonly connection: StubConnection) {}

  bind(number: number, kinds: readonly RawKind[]): (args: readonly RawArg[]) => number {
    const outputs = kinds.flatMap((kind, index) => (kind === 'out' || kind === 'inout' ? [index] : []));
    return (args) => this.#call(number, args, outputs);
  }

  #call(number: number, args: readonly RawArg[], outputs: readonly number[]): number {
    const memory = args.map((arg) => (typeof arg === 'string' ? Buffer.from(`${arg}\0`) : arg));
    const view = this.#view;
    view.setUint32(FRAME_HEADER_SIZE, number, true);
    let at = MEMORY_AT;
    const place = (index: number): void => {
      const arg = memory[index];
      if (arg instanceof Uint8Array) {
        this.#put(at, arg);
        this.#putArg(index, AREA_ADDRESS + at);
        at += Math.ceil(arg.length / 8) * 8;
      } else this.#putArg(index, arg ?? 0);
    };
    // What the kernel fills comes first, so that the answer is one piece.
    outputs.forEach(place);
    const outputsEnd = at;
    for (let index = 0; index < 6; index += 1) if (!outputs.includes(index)) place(index);
    [at, 1, RESULT_AT, outputsEnd - RESULT_AT, 0, ENDING.serve].forEach((value, index) => view.setUint32(index * 4, value, true));
    this.connection.send(this.#frame.subarray(0, at));
    return this.#answer(outputs.map((index) => memory[index] as Uint8Array), outputsEnd - MEMORY_AT);
  }

  #answer(outputs: readonly Uint8Array[], size: number): number {
    const reply = new Uint8Array(REPLY_BEFORE_MEMORY + size);
    this.connection.receive(reply);
    let at = REPLY_BEFORE_MEMORY;
    for (const output of outputs) {
      output.set(reply.subarray(at, at + output.length));
      at += Math.ceil(output.length / 8) * 8;
    }
    return getInt64(new DataView(reply.buffer), REPLY_HEADER_SIZE);
  }

  #putArg(index: number, value: number): void {
    putInt64(this.#view, FRAME_HEADER_SIZE + CALL_ARGS_AT + index * 8, value);
  }

  #put(at: number, bytes: Uint8Array): void {
    if (at + bytes.length > Math.min(AREA_SIZE, this.#frame.length)) {
      throw new RangeError(`a call with ${bytes.length} bytes of memory is too large to be made in another process`);
    }
    this.#frame.set(bytes, at);
  }
}
