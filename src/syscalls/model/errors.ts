import type { ErrnoName } from '../errno.js';

/** The modelled kernel refuses a call. The adapter makes a SyscallError of it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(readonly errno: ErrnoName) {
    super(errno);
  }
}

/** Refuses a call. */
export function refuse(errno: ErrnoName): never {
  throw new Refusal(errno);
}

/**
 * The model was asked for something that Linux has and the model does not. It says so, since a
 * made-up success would let a test pass that proves nothing.
 */
export class NotModelledError extends Error {
  override readonly name = 'NotModelledError';
  readonly code = 'NSINIT_NOT_MODELLED';

  constructor(what: string) {
    super(`the modelled kernel does not know ${what}`);
  }
}

/** Says that the model does not know something. */
export function notModelled(what: string): never {
  throw new NotModelledError(what);
}
