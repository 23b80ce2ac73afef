import type { RawArg, RawKind } from './params.js';

/** Makes the calls of a replay, one after the other, without JavaScript in between. */
export interface ReplayEngine {
  /** Bytes of a program at most. */
  readonly largest: number;
  /** @returns how many operations were answered as before; the other answers are in the program. */
  replay(program: Uint8Array): number;
}

/**
 * Carries out a raw system call somewhere: in the calling thread, or in a process that already
 * stands in the container's namespaces.
 */
export interface SyscallTransport {
  /**
   * Binds a call, so that nothing has to be loaded when it is made.
   *
   * @param number the system call number on this architecture.
   * @param kinds how each argument crosses into C; at most six.
   * @returns a function that makes the call and returns the kernel's result, an error as its
   *   negated errno.
   */
  bind(number: number, kinds: readonly RawKind[]): (args: readonly RawArg[]) => number;

  /** Loads what makes a whole replay in one crossing; undefined where there is nothing. */
  openReplay?(): ReplayEngine | undefined;
}
