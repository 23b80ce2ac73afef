import type { Statfs, Statx } from '../syscalls.js';
import { NotReplayableError } from './not-replayable.js';
import type { SymbolClass } from './replay-layout.js';
import type { ProgramCheck, ReplayProgramBuilder } from './replay-program.js';
import type { TextPiece } from './text-pieces.js';

type Size = 2 | 4 | 8;

// They are not given out anew, and steps know them: PROC_*_INIT_INO of linux/proc_ns.h, and init.
const KNOWN: Partial<Record<SymbolClass, readonly number[]>> = {
  namespace: [
    0xeffffff8, 0xeffffff9, 0xeffffffa, 0xeffffffb, 0xeffffffc, 0xeffffffd, 0xeffffffe, 0xefffffff,
  ],
  process: [1],
};

const is = (at: number, size: Size, value: bigint | number): ProgramCheck => ({
  kind: `is${size}`,
  at,
  value: BigInt(value),
});

/** Puts checks of an answer together, in the memory that the kernel fills. */
export class AnswerChecks {
  constructor(
    private readonly program: ReplayProgramBuilder,
    private readonly memory: number,
  ) {}

  /**
   * What was looked at of a `struct statx` (linux/stat.h).
   *
   * @throws NotReplayableError for times, which are others each time.
   */
  statx(stat: Statx, looked: ReadonlySet<string>): ProgramCheck[] {
    const fields: { readonly [F in keyof Statx]?: () => ProgramCheck[] } = {
      attributes: () => [this.#is(8, 4, stat.attributes)],
      nlink: () => [this.#is(16, 4, stat.nlink)],
      uid: () => [this.#is(20, 4, stat.uid)],
      gid: () => [this.#is(24, 4, stat.gid)],
      mode: () => [this.#is(28, 2, stat.mode)],
      ino: () => [this.#symbol(32, 8, 'inode', stat.ino)],
      size: () => [this.#is(40, 8, stat.size)],
      rdev: () => [this.#is(128, 4, stat.rdev.major), this.#is(132, 4, stat.rdev.minor)],
      dev: () => [
        this.#is(136, 4, stat.dev.major),
        // Devices without a driver are numbered anew.
        stat.dev.major === 0
          ? this.#symbol(140, 4, 'device', BigInt(stat.dev.minor))
          : this.#is(140, 4, stat.dev.minor),
      ],
      mntId: () => [this.#symbol(144, 8, 'mount', stat.mntId)],
    };
    return checksOf(fields, looked);
  }

  /**
   * What was looked at of a `struct statfs`.
   *
   * @throws NotReplayableError for what is free, which changes.
   */
  statfs(stat: Statfs, looked: ReadonlySet<string>): ProgramCheck[] {
    const fields: { readonly [F in keyof Statfs]?: () => ProgramCheck[] } = {
      type: () => [this.#is(0, 4, stat.type)],
      bsize: () => [this.#is(8, 8, stat.bsize)],
      flags: () => [this.#is(80, 8, stat.flags)],
    };
    return checksOf(fields, looked);
  }

  /** A whole text, as long as the result. */
  text(pieces: readonly TextPiece[]): ProgramCheck[] {
    const classes = new Set(pieces.flatMap((piece) => ('class' in piece ? [piece.class] : [])));
    return [
      ...[...classes].flatMap((symbolClass) => this.#known(symbolClass)),
      { kind: 'text', at: this.memory, value: 0n },
      ...pieces.map((piece): ProgramCheck => {
        if ('class' in piece)
          return {
            kind: 'decimal',
            at: 0,
            value: this.#valueOf(piece.class, BigInt(piece.number)),
          };
        const bytes = Buffer.from(piece.literal, 'latin1');
        return { kind: 'literal', at: bytes.length, value: BigInt(this.program.bytes(bytes)) };
      }),
      { kind: 'end', at: 0, value: 0n },
    ];
  }

  /** The symbols of known numbers have those, and so no other symbol can. */
  #known(symbolClass: SymbolClass): ProgramCheck[] {
    return (KNOWN[symbolClass] ?? []).map((number) => {
      const memory = Buffer.alloc(4);
      memory.writeUInt32LE(number);
      const value = this.#valueOf(symbolClass, BigInt(number));
      return { kind: 'symbol4', at: this.program.bytes(memory), value };
    });
  }

  #is(offset: number, size: Size, value: bigint | number): ProgramCheck {
    return is(this.memory + offset, size, value);
  }

  #symbol(offset: number, size: 4 | 8, symbolClass: SymbolClass, value: bigint): ProgramCheck {
    return {
      kind: `symbol${size}`,
      at: this.memory + offset,
      value: this.#valueOf(symbolClass, value),
    };
  }

  #valueOf(symbolClass: SymbolClass, value: bigint): bigint {
    return this.program.symbol(symbolClass, value);
  }
}

function checksOf(
  fields: Readonly<Record<string, (() => ProgramCheck[]) | undefined>>,
  looked: ReadonlySet<string>,
): ProgramCheck[] {
  return [...looked].flatMap((field) => {
    const checks = fields[field];
    if (checks === undefined)
      throw new NotReplayableError(`a step looks at ${field}, which is another each time`);
    return checks();
  });
}
