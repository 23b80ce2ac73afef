import type { Tolerance } from '../pipeline/step.js';
import { isErrno } from '../syscalls/syscall-error.js';

const TRIES = 6;
const PAUSE_MILLISECONDS = 100;

/** What a step that asks again declares. */
export const ASKS_AGAIN: Tolerance = {
  call: 'mount_setattr',
  errnos: ['EBUSY'],
  because: 'a file that is open for writing may be closed in a moment: it is asked again',
};

/**
 * Makes a mount read-only although something is just being written there, by a process that a hook
 * has left behind, as a rule: EBUSY is waited for, half a second at most (mount_setattr(2)).
 *
 * @param call makes the one change, and nothing that would have to be undone.
 * @throws what the call throws, the last time it is asked.
 */
export function whileBusy(call: () => void): void {
  for (let tries = 1; ; tries += 1) {
    try {
      call();
      return;
    } catch (error) {
      if (!isErrno(error, 'EBUSY') || tries === TRIES) throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MILLISECONDS);
  }
}
