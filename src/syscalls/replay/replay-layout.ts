// What native/replay.c and this side agree on; all numbers are little-endian.

/** `struct program`: nine 32-bit numbers, and room to the next multiple of eight. */
export const PROGRAM_SIZE = 40;
export const PROGRAM_FIELDS = [
  'opsAt',
  'ops',
  'checksAt',
  'descriptorsAt',
  'boundAt',
  'symbols',
  'tableAt',
  'tableSize',
] as const;

/** `struct op`: number, kinds, answer, restarts, six arguments, expected, checks, result. */
export const OP_SIZE = 88;
export const OP_KINDS_AT = 4;
export const OP_ANSWER_AT = 10;
export const OP_RESTARTS_AT = 11;
export const OP_ARGS_AT = 16;
export const OP_EXPECTED_AT = 64;
export const OP_FIRST_CHECK_AT = 72;
export const OP_CHECKS_AT = 76;
export const OP_RESULT_AT = 80;

/** How an argument is made. */
export const ARGUMENT = { number: 0, memory: 1, descriptor: 2, textOf: 3 } as const;

/** What an answer is held to, beside the checks. */
export const ANSWER = { result: 0, newDescriptor: 1, content: 2, length: 3 } as const;

/** `struct check`: kind, at, value. */
export const CHECK_SIZE = 16;
export const CHECK = {
  is2: 0,
  is4: 1,
  is8: 2,
  symbol4: 3,
  symbol8: 4,
  text: 5,
  literal: 6,
  decimal: 7,
  end: 8,
} as const;

/** `struct entry` of the table of values. */
export const ENTRY_SIZE = 16;

/** What the kernel numbers anew each time; a symbol's value is its own within its class. */
export const SYMBOL_CLASS = {
  mount: 1,
  device: 2,
  inode: 3,
  peers: 4,
  process: 5,
  descriptor: 6,
  namespace: 7,
} as const;
export type SymbolClass = keyof typeof SYMBOL_CLASS;
