import { isErrno } from '../../src/syscalls/syscall-error.js';
import type { CallName } from '../../src/syscalls/syscalls.js';

/** How often a call is made again that the kernel could not finish undisturbed. */
const MOST_TRIES = 100;

/**
 * Makes a call. A scoped openat2(2) gives EAGAIN when anything on the machine was mounted while it
 * went up by `..`: other processes do not belong to what is compared.
 */
export function retried<T>(call: CallName, make: () => T): T {
  for (let tries = 1; ; tries += 1) {
    try {
      return make();
    } catch (error) {
      if (call !== 'openat2' || tries >= MOST_TRIES || !isErrno(error, 'EAGAIN')) throw error;
    }
  }
}
