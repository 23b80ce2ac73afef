// What native/stub.c and this side agree on; all numbers are little-endian.

/** Where the stub keeps a frame: pointers in a program count from here. */
export const AREA_ADDRESS = 0x10000000;
/** Bytes of a frame at most. execve(2) takes less as arguments and environment. */
export const AREA_SIZE = 4 << 20;
/** The descriptor by which the stub is spoken to, and by which its init is. */
export const STUB_SOCKET = 255;
export const INIT_SOCKET = 254;
/** `struct frame`: size, calls, reply_offset, reply_size, descriptors, ending. */
export const FRAME_HEADER_SIZE = 24;
/** `struct call`: number, mode, six arguments, result. */
export const CALL_SIZE = 64;
export const CALL_ARGS_AT = 8;
export const CALL_RESULT_AT = 56;
/** `struct reply`: done, error, the result of the last call. */
export const REPLY_HEADER_SIZE = 16;
export const REPLY_RESULT_AT = 8;

/** What follows when a call fails, that it forks, or that it is a replay. */
export const CALL_MODE = { stop: 0, continue: 1, search: 2, fork: 3, replay: 4 } as const;
export type CallMode = keyof typeof CALL_MODE;

/** What the stub does after a program: it takes the next one, exits, or sleeps for good. */
export const ENDING = { serve: 0, exit: 1, sleep: 2 } as const;
export type Ending = keyof typeof ENDING;

const TWO_TO_32 = 0x100000000;

/** Writes a whole number as 64 bits, negative ones in two's complement. */
export function putInt64(view: DataView, at: number, value: number): void {
  view.setInt32(at, value, true);
  view.setInt32(at + 4, Math.floor(value / TWO_TO_32), true);
}

/** Reads 64 bits as a number; exact within 53 bits, which every result is. */
export function getInt64(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * TWO_TO_32 + view.getUint32(at, true);
}
