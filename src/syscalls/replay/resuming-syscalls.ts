import { CALLS, formatArgs, formatCall, type CallSpec } from '../call-table.js';
import type { Fd } from '../descriptor.js';
import { InterceptedSyscalls, type Proceed } from '../intercepted-syscalls.js';
import { OPENING_CALLS } from '../opening-calls.js';
import type { RawArg } from '../params.js';
import { SyscallError } from '../syscall-error.js';
import type { CallArgs, CallName, CallResult, Syscalls } from '../syscalls.js';
import type { CompiledReplay, ReplayedCalls } from './compile-replay.js';
import { descriptorPieces } from './descriptor-text.js';
import { crossing, type CrossedCall, type RecordedCall } from './recording-syscalls.js';

const PIECE = 65_536;

/**
 * Goes on where a replay has stopped: answers the calls that it has made with what the kernel said
 * to it, and makes the others.
 */
export class ResumingSyscalls extends InterceptedSyscalls {
  #next = 0;
  readonly #made: number;
  /** Content that is being read, and how much of it has been. */
  #content: { readonly bytes: Uint8Array; at: number } | undefined;
  /** Descriptors of the recording, by what they are now. */
  readonly #now: Map<Fd, Fd>;
  /** What the replay has opened and no step knows of. */
  readonly #unclaimed = new Set<Fd>();
  /** What a step knows of and the replay has closed. */
  readonly #closed = new Set<Fd>();
  /** Those of them that the kernel has given out again; the new one is closed first. */
  readonly #reopened = new Set<Fd>();
  /** Files whose content came from the replay, and how far a step has read: they are at their beginning. */
  readonly #behind = new Map<Fd, number>();

  /**
   * @param done how many operations were answered as before.
   * @param inputs descriptors that were handed in, with those that the recording had.
   */
  constructor(
    inner: Syscalls,
    private readonly replay: CompiledReplay,
    done: number,
    inputs: readonly (readonly [recorded: Fd, now: Fd])[],
  ) {
    super(inner);
    this.#now = new Map(inputs);
    // The next one was made as well; but a file that says something else is still to be read.
    this.#made = replay.ops[done]?.content === true ? done : done + 1;
  }

  /** Closes what the replay has opened and no step knows of: one has made other calls than before. */
  closeUnclaimed(): void {
    this.#leave();
    for (const fd of this.#unclaimed) this.inner.close(fd);
    this.#unclaimed.clear();
  }

  protected override intercept<N extends CallName>(
    name: N,
    args: CallArgs<N>,
    proceed: Proceed<N>,
  ): CallResult<N> {
    this.#skipMoments();
    if (this.#next >= this.#made) return this.#live(name, args, proceed);
    const { calls, memory, content } = this.#current;
    const [recorded] = calls;
    if (recorded === undefined || !this.#follows(recorded, crossing(name, args), content)) {
      // What the step does to take itself back is done in earnest.
      this.#leave();
      throw new NotRepeatedError(formatCall(name, args, this.descriptors));
    }
    const result = this.#result;
    if (content === true)
      return this.#read(args as CallArgs<'read'>, memory ?? 0, result) as CallResult<N>;
    this.#learn(recorded);
    this.#next += 1;
    if (result < 0) throw new SyscallError(name, -result, formatArgs(name, args, this.descriptors));
    return this.#decode(name, args, result, memory);
  }

  /** Leaves the replay, of which no more is wanted. */
  #leave(): void {
    for (; this.#next < this.#made; this.#next += 1) {
      const [call] = this.#current.calls;
      if (call === undefined) continue;
      if (OPENING_CALLS.has(call.name) && this.#result >= 0)
        this.#unclaimed.add(this.#result as Fd);
      if (call.name === 'close') {
        const fd = this.#nowOf(call.raw[0] as Fd);
        if (!this.#unclaimed.delete(fd)) this.#closed.add(fd);
      }
      this.#learn(call);
    }
  }

  #skipMoments(): void {
    while (this.#next < this.#made && this.#current.calls.length === 0) this.#next += 1;
  }

  #live<N extends CallName>(name: N, args: CallArgs<N>, proceed: Proceed<N>): CallResult<N> {
    if (name === 'close' && !this.#reopened.delete(args[0] as Fd)) {
      // The number may be another file's by now.
      if (this.#closed.delete(args[0] as Fd)) return undefined as CallResult<N>;
    }
    if (name === 'read' || name === 'write') this.#catchUp(args[0] as Fd);
    if (name === 'close') this.#behind.delete(args[0] as Fd);
    const value = proceed();
    if (OPENING_CALLS.has(name) && this.#closed.has(value as Fd)) this.#reopened.add(value as Fd);
    return value;
  }

  get #current(): ReplayedCalls {
    return this.replay.ops[this.#next] as ReplayedCalls;
  }

  /** What the kernel answered to the current one. */
  get #result(): number {
    return this.replay.program.resultOf(this.#next);
  }

  #decode<N extends CallName>(
    name: N,
    args: CallArgs<N>,
    result: number,
    memory: number | undefined,
  ): CallResult<N> {
    const spec = CALLS[name] as unknown as CallSpec<N>;
    const { program } = this.replay;
    const size = spec.out?.size ?? result;
    const raw = memory === undefined ? [] : [program.memory(memory, size).slice()];
    const value = spec.decode(result, raw);
    spec.track?.(this.descriptors, args, value);
    return value;
  }

  #read([fd, length]: CallArgs<'read'>, memory: number, whole: number): Uint8Array {
    this.#content ??= { bytes: this.replay.program.memory(memory, whole), at: 0 };
    const { bytes, at } = this.#content;
    const piece = bytes.slice(at, at + length);
    this.#content.at += piece.length;
    this.#behind.set(fd, this.#content.at);
    if (piece.length === 0) {
      this.#content = undefined;
      this.#next += 1;
    }
    return piece;
  }

  /** Brings a file to where the steps have read it: the replay has left its position alone. */
  #catchUp(fd: Fd): void {
    let left = this.#behind.get(fd) ?? 0;
    this.#behind.delete(fd);
    while (left > 0) {
      const passed = this.inner.read(fd, Math.min(left, PIECE)).length;
      if (passed === 0) return;
      left -= passed;
    }
  }

  /** Which descriptor a recorded one is now. */
  #learn({ name, raw, answer }: RecordedCall): void {
    if (name === 'close') {
      this.#behind.delete(this.#nowOf(raw[0] as Fd));
      this.#now.delete(raw[0] as Fd);
    }
    if (OPENING_CALLS.has(name) && 'value' in answer)
      this.#now.set(answer.value as Fd, this.#result as Fd);
  }

  #nowOf(recorded: Fd): Fd {
    return this.#now.get(recorded) ?? recorded;
  }

  #renumbered(name: CallName, arg: RawArg): RawArg {
    if (typeof arg !== 'string') return arg;
    const pieces = descriptorPieces(name, arg);
    return pieces.map((piece) => (typeof piece === 'string' ? piece : this.#nowOf(piece))).join('');
  }

  /** Whole content may be read in pieces of any length. */
  #follows(recorded: CrossedCall, asked: CrossedCall, content: true | undefined): boolean {
    if (content !== true) return this.#isSame(recorded, asked);
    const [fd, now] = [recorded, asked].map(({ descriptors }) => descriptors.get(0) as Fd);
    return asked.name === 'read' && this.#nowOf(fd as Fd) === now;
  }

  #isSame(recorded: CrossedCall, asked: CrossedCall): boolean {
    return (
      recorded.name === asked.name &&
      recorded.descriptors.size === asked.descriptors.size &&
      recorded.raw.every((arg, index) => {
        const fd = recorded.descriptors.get(index);
        return fd === undefined
          ? isSameArgument(this.#renumbered(recorded.name, arg), asked.raw[index])
          : this.#nowOf(fd) === asked.descriptors.get(index);
      })
    );
  }
}

const isSameArgument = (one: RawArg, other: RawArg | undefined): boolean =>
  one instanceof Uint8Array && other instanceof Uint8Array
    ? Buffer.compare(one, other) === 0
    : one === other;

/** A step has made another call than before, although the kernel had answered the same. */
export class NotRepeatedError extends Error {
  override readonly name = 'NotRepeatedError';
  readonly code = 'NSINIT_REPLAY';

  /** @param call as C would write it. */
  constructor(call: string) {
    super(
      `${call} is not the call that followed before: a step may say that it is replayable only if it does the same wherever the kernel answers the same`,
    );
  }
}
