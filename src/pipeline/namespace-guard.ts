import { AT_FDCWD } from '../syscalls/descriptor.js';
import { hostPath } from '../syscalls/paths.js';
import { isErrno, SyscallError } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { NsinitError } from './errors.js';

/** Files of /proc/PID/ns, one a namespace (namespaces(7)). */
export type NamespaceFile = 'cgroup' | 'ipc' | 'mnt' | 'net' | 'pid' | 'time' | 'user' | 'uts';

/** Numbers of the initial namespaces; of net and mnt since Linux 6.17 (linux/nsfs.h). */
const INITIAL: Readonly<Record<NamespaceFile, number>> = {
  cgroup: 0xeffffffb,
  ipc: 0xefffffff,
  mnt: 0xeffffff8,
  net: 0xeffffff9,
  pid: 0xeffffffc,
  time: 0xeffffffa,
  user: 0xeffffffd,
  uts: 0xeffffffe,
};

/**
 * Whether a namespace of the calling thread is the machine's: the initial one, or that of process
 * 1. Not so when that cannot be told: process 1 may not be looked at (ptrace(2)), or there is no
 * /proc.
 */
export function isHostNamespace(sys: Syscalls, name: NamespaceFile): boolean {
  const linkOf = (process: string): string =>
    sys.readlinkat(AT_FDCWD, hostPath(`/proc/${process}/ns/${name}`));
  try {
    const own = linkOf('thread-self');
    if (own === `${name}:[${INITIAL[name]}]`) return true;
    // Process 1 of a container compares its namespace with itself: it cannot be told then.
    return own === linkOf('1') && !isFirstProcess(sys);
  } catch (error) {
    if (!isErrno(error, 'EACCES', 'ENOENT', 'EPERM')) throw error;
    return false;
  }
}

/**
 * Refuses to work in the mount namespace of the machine's first process: what a pipeline mounts
 * would be everybody's.
 *
 * @throws NsinitError `NSINIT_HOST_NAMESPACE`.
 */
export function refuseHostNamespace(sys: Syscalls): void {
  if (!isHostMountNamespace(sys)) return;
  throw new NsinitError(
    'NSINIT_HOST_NAMESPACE',
    "this is the host's own mount namespace: unshare(CLONE_NEWNS) first, use launch(), or pass force",
  );
}

function isFirstProcess(sys: Syscalls): boolean {
  return sys.readlinkat(AT_FDCWD, hostPath('/proc/thread-self')).startsWith('1/');
}

// Whatever keeps it from being known: to refuse is a precaution, and the kernel has its own.
function isHostMountNamespace(sys: Syscalls): boolean {
  try {
    return isHostNamespace(sys, 'mnt');
  } catch (error) {
    if (error instanceof SyscallError) return false;
    throw error;
  }
}
