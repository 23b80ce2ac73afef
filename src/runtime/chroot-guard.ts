import { NsinitError } from '../pipeline/errors.js';
import { AT_FDCWD } from '../syscalls/descriptor.js';
import { O_CLOEXEC, O_RDONLY } from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import { hostPath } from '../syscalls/paths.js';
import { CLONE_NEWNS } from '../syscalls/process-flags.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { directoryIdentity } from './directory-identity.js';

/**
 * setns(2) puts the root of a thread on the root of the mount namespace. In a chroot that is
 * another directory, and the set-up would work on files outside of it.
 *
 * @param before the root before the namespace was entered.
 * @throws NsinitError `NSINIT_HOST` in a chroot.
 */
export function refuseChroot(sys: Syscalls, before: string): void {
  if (directoryIdentity(sys, '/') === before) return;
  throw new NsinitError(
    'NSINIT_HOST',
    'this process is in a chroot, which a mount namespace leads out of: start outside of it, or make its directory the root with pivot_root(8) in place of chroot(8)',
  );
}

/** The same for a process that has unshared its mount namespace and not entered it again. */
export function refuseChrootOfProcess(sys: Syscalls): void {
  const before = directoryIdentity(sys, '/');
  const own = sys.openat2(AT_FDCWD, hostPath('/proc/thread-self/ns/mnt'), {
    flags: flags(O_RDONLY, O_CLOEXEC),
  });
  sys.setns(own, CLONE_NEWNS);
  sys.close(own);
  refuseChroot(sys, before);
}
