import type { Fd } from '../syscalls/descriptor.js';
import type { ProcessCalls } from '../syscalls/process-calls.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import { CALL_RESULT_AT, CALL_SIZE, getInt64, REPLY_HEADER_SIZE } from './stub-layout.js';
import type { EncodedProgram } from './stub-program.js';

/** The stub ended where it should have answered: something killed it. */
export class StubEndedError extends Error {
  override readonly name = 'StubEndedError';
  readonly code = 'NSINIT_STUB_ENDED';

  constructor() {
    super(
      'the process that was to become the container ended before its command started: it was killed, perhaps for want of memory',
    );
  }
}

/** A call of a program that was refused. */
export interface Refusal {
  readonly index: number;
  readonly errno: number;
}

/** What came of a program. */
export interface ProgramOutcome {
  readonly results: readonly number[];
  readonly refused?: Refusal;
}

/** The error of a refused call. */
export function refusal({ index, errno }: Refusal, calls: EncodedProgram['calls']): SyscallError {
  const failed = calls[index];
  return new SyscallError(failed?.name ?? 'recvmsg', errno, failed?.args ?? []);
}

/** This side of a stub's socket. Synchronous: the calling thread waits for the answers. */
export class StubConnection {
  #closed = false;

  constructor(
    private readonly processes: ProcessCalls,
    readonly fd: Fd,
  ) {}

  /**
   * Runs a program and waits for its results, one for each call.
   *
   * @throws SyscallError for the call that failed; StubEndedError.
   */
  run(program: EncodedProgram, descriptors: readonly Fd[] = []): readonly number[] {
    this.send(program.bytes, descriptors);
    const results = this.results(program);
    if (results === undefined) throw new StubEndedError();
    return results;
  }

  /** Sends a program without waiting for it. */
  send(bytes: Uint8Array, descriptors: readonly Fd[] = []): void {
    orEnded(() => this.processes.send(this.fd, bytes, descriptors));
  }

  /** Waits for the results of a program that was sent; undefined when the other end was closed. */
  results(program: EncodedProgram): readonly number[] | undefined {
    const outcome = this.outcome(program.calls.length);
    if (outcome === undefined || outcome.refused === undefined) return outcome?.results;
    throw refusal(outcome.refused, program.calls);
  }

  /** The same for a number of calls, whose names are known elsewhere. */
  outcome(count: number): ProgramOutcome | undefined {
    const bytes = new Uint8Array(REPLY_HEADER_SIZE + count * CALL_SIZE);
    if (!this.#receive(bytes)) return undefined;
    const view = new DataView(bytes.buffer);
    const [index, errno] = [view.getUint32(0, true), view.getUint32(4, true)];
    if (errno !== 0) return { results: [], refused: { index, errno } };
    const results: number[] = [];
    for (let call = 0; call < count; call += 1) {
      results.push(getInt64(view, REPLY_HEADER_SIZE + call * CALL_SIZE + CALL_RESULT_AT));
    }
    return { results };
  }

  /** Waits for an answer of another shape. */
  receive(into: Uint8Array): void {
    if (!this.#receive(into)) throw new StubEndedError();
  }

  #receive(into: Uint8Array): boolean {
    return orEnded(() => this.processes.receive(this.fd, into));
  }

  /** Closes this end: a stub that still serves it ends. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.processes.close(this.fd);
  }
}

/** ECONNRESET: it ended before it had read what it was sent (unix(7)). */
function orEnded<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof SyscallError && ['EPIPE', 'ECONNRESET'].includes(error.code))
      throw new StubEndedError();
    throw error;
  }
}
