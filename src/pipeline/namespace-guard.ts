import { AT_FDCWD } from '../syscalls/descriptor.js';
import { hostPath } from '../syscalls/paths.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { NsinitError } from './errors.js';

/**
 * Refuses to work in the mount namespace of the machine's first process: what a pipeline mounts
 * would be everybody's.
 *
 * @throws NsinitError `NSINIT_HOST_NAMESPACE`.
 */
export function refuseHostNamespace(sys: Syscalls): void {
  let own: string;
  let first: string;
  try {
    own = sys.readlinkat(AT_FDCWD, hostPath('/proc/thread-self/ns/mnt'));
    first = sys.readlinkat(AT_FDCWD, hostPath('/proc/1/ns/mnt'));
  } catch (error) {
    // Who may not look at process 1 has no privileges there (ptrace(2)), or there is no /proc.
    if (error instanceof SyscallError) return;
    throw error;
  }
  if (own !== first) return;
  throw new NsinitError(
    'NSINIT_HOST_NAMESPACE',
    "this is the host's own mount namespace: unshare(CLONE_NEWNS) first, use launch(), or pass force",
  );
}
