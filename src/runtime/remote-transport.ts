import type { RawArg, RawKind } from '../syscalls/params.js';
import type { ReplayEngine, SyscallTransport } from '../syscalls/transport.js';
import type { StubConnection } from './stub-connection.js';
import {
  AREA_ADDRESS,
  AREA_SIZE,
  CALL_ARGS_AT,
  CALL_MODE,
  CALL_SIZE,
  ENDING,
  FRAME_HEADER_SIZE,
  getInt64,
  putInt64,
  REPLY_HEADER_SIZE,
  REPLY_RESULT_AT,
  type CallMode,
} from './stub-layout.js';

const MEMORY_AT = FRAME_HEADER_SIZE + CALL_SIZE;
const FIRST_FRAME_SIZE = 16 * 1024;

const aligned = (size: number): number => Math.ceil(size / 8) * 8;

/**
 * Makes system calls in the stub: in the namespaces where it is, with the privileges that it has
 * there, while this process stays where it was. One call costs a round trip over a socket.
 */
export class RemoteTransport implements SyscallTransport {
  #frame = new Uint8Array(FIRST_FRAME_SIZE);
  #view = new DataView(this.#frame.buffer);

  constructor(private readonly connection: StubConnection) {}

  bind(number: number, kinds: readonly RawKind[]): (args: readonly RawArg[]) => number {
    return (args) => this.#call(number, kinds, args);
  }

  openReplay(): ReplayEngine {
    return { largest: AREA_SIZE - MEMORY_AT, replay: (program) => this.#replay(program) };
  }

  /** The program goes there and comes back, with its answers. */
  #replay(program: Uint8Array): number {
    this.#putCall(0, 'replay', [AREA_ADDRESS + MEMORY_AT]);
    const size = MEMORY_AT + program.length;
    this.#putHeader([size, 1, MEMORY_AT, program.length, 0, ENDING.serve]);
    this.connection.send(this.#frame.subarray(0, MEMORY_AT));
    this.connection.send(program);
    const reply = new Uint8Array(REPLY_HEADER_SIZE);
    this.connection.receive(reply);
    this.connection.receive(program);
    return getInt64(new DataView(reply.buffer), REPLY_RESULT_AT);
  }

  /** What the kernel reads goes with the frame; what it only fills lies behind, and comes back. */
  #call(number: number, kinds: readonly RawKind[], args: readonly RawArg[]): number {
    const memory = args.map((arg) => (typeof arg === 'string' ? Buffer.from(`${arg}\0`) : arg));
    this.#reserve(memory);
    let at = MEMORY_AT;
    const place = (wanted: readonly RawKind[]): void => {
      memory.forEach((arg, index) => {
        if (!wanted.includes(kinds[index] ?? 'int')) return;
        if (arg instanceof Uint8Array) {
          this.#frame.set(arg, at);
          this.#putArg(index, AREA_ADDRESS + at);
          at += aligned(arg.length);
        } else this.#putArg(index, arg ?? 0);
      });
    };
    this.#putCall(number, 'stop');
    place(['int', 'string', 'in']);
    const outputsAt = at;
    place(['inout']);
    const size = at;
    place(['out']);
    this.#putHeader([size, 1, outputsAt, at - outputsAt, 0, ENDING.serve]);
    this.connection.send(this.#frame.subarray(0, size));
    const outputs = (kind: RawKind): Uint8Array[] =>
      memory.filter((arg, index) => kinds[index] === kind) as Uint8Array[];
    return this.#answer(
      [...outputs('inout'), ...outputs('out')].filter((output) => output instanceof Uint8Array),
      at - outputsAt,
    );
  }

  #answer(outputs: readonly Uint8Array[], size: number): number {
    const reply = new Uint8Array(REPLY_HEADER_SIZE + size);
    this.connection.receive(reply);
    let at = REPLY_HEADER_SIZE;
    for (const output of outputs) {
      output.set(reply.subarray(at, at + output.length));
      at += aligned(output.length);
    }
    return getInt64(new DataView(reply.buffer), REPLY_RESULT_AT);
  }

  #putHeader(values: readonly number[]): void {
    values.forEach((value, index) => this.#view.setUint32(index * 4, value, true));
  }

  #putCall(number: number, mode: CallMode, args: readonly number[] = []): void {
    this.#view.setUint32(FRAME_HEADER_SIZE, number, true);
    this.#view.setUint32(FRAME_HEADER_SIZE + 4, CALL_MODE[mode], true);
    for (let index = 0; index < 6; index += 1) this.#putArg(index, args[index] ?? 0);
  }

  #putArg(index: number, value: number): void {
    putInt64(this.#view, FRAME_HEADER_SIZE + CALL_ARGS_AT + index * 8, value);
  }

  /** Makes room for a call's memory. */
  #reserve(memory: readonly unknown[]): void {
    let size = MEMORY_AT;
    for (const arg of memory) if (arg instanceof Uint8Array) size += aligned(arg.length);
    if (size > AREA_SIZE)
      throw new RangeError(
        `a call with ${size} bytes of memory is too large for the container's process`,
      );
    if (size <= this.#frame.length) return;
    this.#frame = new Uint8Array(size);
    this.#view = new DataView(this.#frame.buffer);
  }
}
