import { CALLS } from '../call-table.js';
import type { Fd } from '../descriptor.js';
import { architectureIndex } from '../libc.js';
import { OPENING_CALLS } from '../opening-calls.js';
import type { CallName, Statfs, Statx } from '../syscalls.js';
import { AnswerChecks } from './answer-checks.js';
import { contentPieces, linkPieces } from './text-pieces.js';
import { contentOf, readsOfWhole } from './whole-reads.js';
import { descriptorPieces } from './descriptor-text.js';
import { expectedResult, textOf } from './expected-result.js';
import { NotReplayableError } from './not-replayable.js';
import type { RecordedCall, RecordingSyscalls } from './recording-syscalls.js';
import {
  ReplayProgramBuilder,
  type ProgramArgument,
  type ProgramCheck,
  type ReplayProgram,
} from './replay-program.js';

// Memory of a recording is kept for as long as its set-up is.
const MOST_CALLS = 50_000;
const MOST_BYTES = 16 << 20;

/** Calls that may be replayed, beside those that open: all that is to be known of them is here. */
const REPLAYED: ReadonlySet<CallName> = new Set([
  'mount',
  'umount2',
  'pivot_root',
  'move_mount',
  'fsconfig',
  'mount_setattr',
  'close',
  'read',
  'write',
  'readlinkat',
  'statx',
  'fstatfs',
  'mkdirat',
  'mknodat',
  'symlinkat',
  'unlinkat',
  'fchmod',
  'fchownat',
  'umask',
  'chdir',
  'fchdir',
  'chroot',
  'getcwd',
  'sethostname',
  'setdomainname',
  'geteuid',
  'getegid',
] satisfies CallName[]);

// asm/unistd.h: x64, arm64.
const CLOCK_GETTIME = [228, 113] as const;
const CLOCK_MONOTONIC = 1;
const TIMESPEC_SIZE = 16;

// In a template the number of a descriptor follows it.
const TEMPLATE_MARK = '\u0001';
const MOST_DIGITS = 10;

/** The calls that an operation stands for, and where its answer is. */
export interface ReplayedCalls {
  /** Several reads of a whole file are one operation; where the time is taken there are none. */
  readonly calls: readonly RecordedCall[];
  /** Where the kernel puts its answer, if it does. */
  readonly memory?: number;
  /** Whether they are the reads of a whole file; its position is still at its beginning then. */
  readonly content?: true;
}

/** A recording that can be replayed. */
export interface CompiledReplay {
  readonly program: ReplayProgram;
  readonly ops: readonly ReplayedCalls[];
  /** Where the times are that were to be taken (`struct timespec`). */
  readonly moments: readonly number[];
}

/**
 * Makes a program of a recording.
 *
 * @param inputs descriptors that were there before, and will be others next time.
 * @throws NotReplayableError when something in it is not known to be repeatable.
 */
export function compileReplay(
  { calls, moments }: Pick<RecordingSyscalls, 'calls' | 'moments'>,
  inputs: readonly Fd[],
): CompiledReplay {
  if (calls.length > MOST_CALLS)
    throw new NotReplayableError(`${calls.length} calls are more than are kept`);
  const compilation = new Compilation(inputs);
  const waiting = [...moments];
  for (let at = 0; at < calls.length;) {
    for (; waiting[0] !== undefined && waiting[0] <= at; waiting.shift()) compilation.addMoment();
    at += compilation.add(calls, at);
  }
  for (const _ of waiting) compilation.addMoment();
  return compilation.finish();
}

class Compilation {
  readonly #builder: ReplayProgramBuilder;
  readonly #ops: ReplayedCalls[] = [];
  /** Places of the open descriptors. */
  readonly #open: Map<Fd, number>;
  readonly #paths = new Map<Fd, string>();
  /** Descriptors that were read to the end, where a replay does not get. */
  readonly #readWhole = new Set<Fd>();
  /** Descriptors that are not at the beginning any more. */
  readonly #moved = new Set<Fd>();
  /** Content with numbers that the kernel gives out anew. */
  readonly #numbered: Buffer[] = [];
  readonly #moments: number[] = [];

  constructor(private readonly inputs: readonly Fd[]) {
    this.#builder = new ReplayProgramBuilder(inputs.length);
    this.#open = new Map(inputs.map((fd, index) => [fd, index]));
  }

  /** @returns how many calls were taken. */
  add(calls: readonly RecordedCall[], at: number): number {
    const call = calls[at] as RecordedCall;
    if (!REPLAYED.has(call.name) && !OPENING_CALLS.has(call.name))
      throw new NotReplayableError(`${call.name} is not replayed`);
    if (this.#builder.size > MOST_BYTES)
      throw new NotReplayableError(`its content takes more than ${MOST_BYTES} bytes`);
    const reads = readsOfWhole(calls, at);
    if (reads.length > 0) this.#readAll(reads);
    else this.#one(call);
    return Math.max(reads.length, 1);
  }

  /** Takes the time. */
  addMoment(): void {
    const memory = this.#builder.room(TIMESPEC_SIZE);
    this.#builder.op({
      number: CLOCK_GETTIME[architectureIndex()],
      args: [
        { kind: 'number', value: CLOCK_MONOTONIC },
        { kind: 'memory', value: memory },
      ],
      answer: 'result',
      restarts: false,
      expected: 0,
      checks: [],
    });
    this.#ops.push({ calls: [] });
    this.#moments.push(memory);
  }

  finish(): CompiledReplay {
    if (this.#open.size > this.inputs.length)
      throw new NotReplayableError('a descriptor stays open');
    return { program: this.#builder.build(), ops: this.#ops, moments: this.#moments };
  }

  #one(call: RecordedCall): void {
    const { name, raw, answer } = call;
    this.#refuseOther(call);
    if (name === 'read' || name === 'write') this.#moved.add(raw[0] as Fd);
    const args = raw.map((_, index) => this.#argument(call, index));
    const memory = name === 'read' ? args[1]?.value : this.#room(name, args);
    const opened = OPENING_CALLS.has(name) && 'value' in answer;
    const checks = memory === undefined ? [] : this.#checks(call, memory);
    this.#builder.op({
      number: CALLS[name].numbers[architectureIndex()],
      args,
      answer: opened ? 'newDescriptor' : checks.some(isNumber) ? 'length' : 'result',
      restarts: name !== 'close',
      expected: opened ? this.#opened(call, answer.value as Fd) : expectedResult(call),
      checks,
    });
    this.#ops.push({ calls: [call], ...(memory === undefined ? {} : { memory }) });
    if (name === 'close') this.#closed(raw[0] as Fd);
  }

  #closed(fd: Fd): void {
    for (const known of [this.#open, this.#readWhole, this.#moved]) known.delete(fd);
  }

  /** Calls that would not do the same when they are made again. */
  #refuseOther({ name, raw, descriptors }: RecordedCall): void {
    if (name !== 'read' && name !== 'write') return;
    const fd = descriptors.get(0) as Fd;
    if (this.#readWhole.has(fd))
      throw new NotReplayableError(`${name} goes on where a file was read to its end`);
    const written = name === 'write' ? Buffer.from(raw[1] as Uint8Array) : undefined;
    if (this.#numbered.some((content) => written?.includes(content) === true))
      throw new NotReplayableError('a step writes numbers that are others each time');
  }

  /** Memory for the kernel to fill is the last argument, and its length may follow. */
  #room(name: CallName, args: ProgramArgument[]): number | undefined {
    const { out } = CALLS[name];
    if (out === undefined) return undefined;
    const memory = this.#builder.room(out.size);
    args.push({ kind: 'memory', value: memory });
    if (out.withLength === true) args.push({ kind: 'number', value: out.size });
    return memory;
  }

  #opened({ raw }: RecordedCall, fd: Fd): number {
    const place = this.#builder.newDescriptor();
    this.#open.set(fd, place);
    this.#paths.set(fd, typeof raw[1] === 'string' ? raw[1] : '');
    return place;
  }

  #argument({ name, raw, descriptors }: RecordedCall, index: number): ProgramArgument {
    const arg = raw[index] ?? 0;
    const fd = descriptors.get(index);
    if (fd !== undefined) return this.#descriptor(name, fd, arg);
    if (typeof arg === 'number') return { kind: 'number', value: arg };
    if (typeof arg !== 'string') return { kind: 'memory', value: this.#builder.bytes(arg) };
    return this.#text(name, arg);
  }

  #descriptor(name: CallName, fd: Fd, arg: unknown): ProgramArgument {
    const place = this.#open.get(fd);
    if (place === undefined)
      throw new NotReplayableError(`${name} is given a descriptor from elsewhere`);
    if (typeof arg === 'number') return { kind: 'descriptor', value: place };
    if (typeof arg === 'string') return this.#text(name, arg);
    throw new NotReplayableError(`${name} is given a descriptor in a structure`);
  }

  #text(name: CallName, text: string): ProgramArgument {
    const pieces = descriptorPieces(name, text);
    const places = pieces.map((piece) =>
      typeof piece === 'string' ? undefined : this.#open.get(piece),
    );
    if (places.every((place) => place === undefined))
      return { kind: 'memory', value: this.#builder.bytes(Buffer.from(`${text}\0`)) };
    if (text.includes(TEMPLATE_MARK))
      throw new NotReplayableError(`${name} is given a text with a control character`);
    const template = pieces.map((piece, index) => templatePiece(piece, places[index]));
    return {
      kind: 'textOf',
      value: this.#builder.bytes(Buffer.concat([...template, Buffer.alloc(1)])),
      room: this.#builder.room(Buffer.byteLength(text) + pieces.length * MOST_DIGITS),
    };
  }

  #checks({ name, raw, answer }: RecordedCall, memory: number): ProgramCheck[] {
    if (!('value' in answer)) return [];
    const checks = new AnswerChecks(this.#builder, memory);
    if (name === 'statx') return checks.statx(answer.value as Statx, answer.looked);
    if (name === 'fstatfs') return checks.statfs(answer.value as Statfs, answer.looked);
    const text = textOf(name, answer.value).toString('latin1');
    return checks.text(
      name === 'readlinkat' ? linkPieces(String(raw[1]), text) : [{ literal: text }],
    );
  }

  /** From its beginning, and without moving its position. */
  #readAll(reads: readonly RecordedCall[]): void {
    const [first] = reads as [RecordedCall];
    this.#refuseOther(first);
    const { raw, descriptors } = first;
    const fd = descriptors.get(0) as Fd;
    if (this.#moved.has(fd))
      throw new NotReplayableError('a file is read to its end from the middle on');
    this.#readWhole.add(fd);
    const content = Buffer.concat(reads.map(contentOf));
    const pieces = contentPieces(this.#paths.get(fd) ?? '', content.toString('latin1'));
    if (pieces.some((piece) => 'class' in piece)) this.#numbered.push(content);
    const size = Math.ceil(content.length * 1.25) + 4096;
    const memory = this.#builder.room(size);
    this.#builder.op({
      number: 0,
      args: [
        this.#descriptor('read', fd, raw[0]),
        { kind: 'memory', value: memory },
        { kind: 'number', value: size },
      ],
      answer: 'content',
      restarts: true,
      expected: 0,
      checks: new AnswerChecks(this.#builder, memory).text(pieces),
    });
    this.#ops.push({ calls: reads, memory, content: true });
  }
}

/** A text, or where the number of a descriptor is to be put. */
function templatePiece(piece: string | Fd, place: number | undefined): Buffer {
  if (place === undefined) return Buffer.from(String(piece));
  const mark = Buffer.from(`${TEMPLATE_MARK}\0\0\0\0`);
  mark.writeUInt32LE(place, 1);
  return mark;
}

const isNumber = ({ kind }: ProgramCheck): boolean => kind === 'decimal';
