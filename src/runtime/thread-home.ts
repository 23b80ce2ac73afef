import { AT_FDCWD, type Fd } from '../syscalls/descriptor.js';
import { O_CLOEXEC, O_DIRECTORY, O_PATH, O_RDONLY } from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import { hostPath } from '../syscalls/paths.js';
import { CLONE_FS, type CloneFlags } from '../syscalls/process-flags.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { directoryIdentity } from './directory-identity.js';
import { NAMESPACE_FLAGS } from './namespaces.js';

/**
 * Namespaces that steps act on: what proc, mqueue, sysfs and cgroup file systems show is theirs, and
 * so are host name and settings.
 */
const KINDS = [
  ['mount', 'mnt'],
  ['ipc', 'ipc'],
  ['net', 'net'],
  ['cgroup', 'cgroup'],
  ['uts', 'uts'],
] as const;

/** What became of a thread's own state while it was in a container. */
export interface Visit<T> {
  readonly result: T;
  /** The file mode creation mask that the set-up left. */
  readonly umask: number;
}

/**
 * The way back of a thread that enters containers' namespaces. Holds descriptors of its own
 * namespaces, root and directory from the moment it is made.
 */
export class ThreadHome {
  readonly #syscalls: Syscalls;
  readonly #namespaces: readonly (readonly [flag: CloneFlags, fd: Fd])[];
  readonly #root: Fd;
  /** Which directory this thread's root is, as `directoryIdentity` says. */
  readonly rootIdentity: string;

  constructor(syscalls: Syscalls) {
    this.#syscalls = syscalls;
    // setns(2) into a mount namespace is refused while root and directory are shared with other threads.
    syscalls.unshare(CLONE_FS);
    const read = { flags: flags(O_RDONLY, O_CLOEXEC) };
    this.#namespaces = KINDS.map(([name, kind]) => [
      NAMESPACE_FLAGS[name],
      syscalls.openat2(AT_FDCWD, hostPath(`/proc/thread-self/ns/${kind}`), read),
    ]);
    this.#root = this.#openDirectory('/');
    this.rootIdentity = directoryIdentity(syscalls, '/');
  }

  /**
   * Enters the namespaces of another process, does something there, and comes back, also when it
   * throws. Synchronous: nothing else may run in this thread in between.
   *
   * @param which what to enter; namespaces in which nothing is mounted from are left out.
   */
  visit<T>(pidfd: Fd, which: CloneFlags, action: () => T): Visit<T> {
    const syscalls = this.#syscalls;
    const entered = this.#namespaces.filter(([flag]) => which & flag);
    const back = syscalls.openat2(AT_FDCWD, hostPath('/proc/thread-self/cwd'), {
      flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC),
    });
    const umask = syscalls.umask(0);
    syscalls.umask(umask);
    try {
      syscalls.setns(pidfd, entered.reduce((joined, [flag]) => joined | flag, 0) as CloneFlags);
      return { result: action(), umask: syscalls.umask(umask) };
    } finally {
      for (const [flag, fd] of entered) syscalls.setns(fd, flag);
      syscalls.umask(umask);
      this.#restoreDirectories(back);
    }
  }

  /**
   * Goes home from a visit, does something there, and comes back to the root of the namespaces.
   * Both are needed where /proc is the container's by now, or not mounted there.
   */
  leave<T>(pidfd: Fd, which: CloneFlags, action: () => T): T {
    const syscalls = this.#syscalls;
    const entered = this.#namespaces.filter(([flag]) => which & flag);
    for (const [flag, fd] of entered) syscalls.setns(fd, flag);
    syscalls.fchdir(this.#root);
    syscalls.chroot('.');
    try {
      return action();
    } finally {
      syscalls.setns(pidfd, entered.reduce((joined, [flag]) => joined | flag, 0) as CloneFlags);
    }
  }

  /** setns(2) moves root and directory to the root of the namespace; a caller in a chroot has another. */
  #restoreDirectories(directory: Fd): void {
    this.#syscalls.fchdir(this.#root);
    this.#syscalls.chroot('.');
    this.#syscalls.fchdir(directory);
    this.#syscalls.close(directory);
  }

  #openDirectory(path: string): Fd {
    return this.#syscalls.openat2(AT_FDCWD, hostPath(path), {
      flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC),
    });
  }
}
