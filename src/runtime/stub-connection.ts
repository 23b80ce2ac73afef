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
    super('the process that was to become the container ended before its command started: it was killed, perhaps for want of memory');
  }
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

  /** Runs a program that ends in execve(2); returns when the command runs, or has ended already. */
  exec(program: EncodedProgram): void {
    this.results(program);
  }

  /** Sends a program without waiting for it. */
  send(bytes: Uint8Array, descriptors: readonly Fd[] = []): void {
    try {
      this.processes.send(this.fd, bytes, descriptors);
    } catch (error) {
      if (error instanceof SyscallError && ['EPIPE', 'ECONNRESET'].includes(error.code)) throw new StubEndedError();
      throw error;
    }
  }

  /** Waits for the results of a program that was sent; undefined when the other end was closed. */
  results(program: EncodedProgram): readonly number[] | undefined {
    const bytes = new Uint8Array(REPLY_HEADER_SIZE + program.calls.length * CALL_SIZE);
    if (!this.processes.receive(this.fd, bytes)) return undefined;
    const view = new DataView(bytes.buffer);
    const [done, errno] = [view.getUint32(0, true), view.getUint32(4, true)];
    if (errno !== 0) {
      const failed = program.calls[done];
      throw new SyscallError(failed?.name ?? 'recvmsg', errno, failed?.args ?? []);
    }
    return program.calls.map((_, index) =>
      getInt64(view, REPLY_HEADER_SIZE + index * CALL_SIZE + CALL_RESULT_AT),
    );
  }

  /** Waits for an answer of another shape. */
  receive(into: Uint8Array): void {
    if (!this.processes.receive(this.fd, into)) throw new StubEndedError();
  }

  /** Closes this end: a stub that still serves it ends. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.processes.close(this.fd);
  }
}
