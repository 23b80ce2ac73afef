import { AT_FDCWD, type Fd } from '../syscalls/descriptor.js';
import {
  F_GETFD,
  FD_CLOEXEC,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
} from '../syscalls/file-flags.js';
import { PROC_SUPER_MAGIC } from '../syscalls/file-system-magic.js';
import { flags } from '../syscalls/flags.js';
import {
  FSCONFIG_CMD_CREATE,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MOUNT_ATTR_RDONLY,
} from '../syscalls/mount-flags.js';
import { parseMountinfo } from '../syscalls/mountinfo.js';
import { readAll } from '../syscalls/whole-content.js';
import { containerPath, type AtPath } from '../syscalls/paths.js';
import { isErrno, SyscallError } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { openThrough, orClose, withFd } from '../syscalls/with-fd.js';
import { findDifferences } from './differences.js';
import type { Expectation } from './expectation.js';

/** How a container is looked at. */
export interface VerificationOptions {
  /** A directory of a proc that knows this thread: the container's may not. */
  readonly proc?: Fd | undefined;
  /** Whether this process's descriptors are looked at: a command would inherit them. */
  readonly descriptors: boolean;
  /** Told that there is no proc to read mounts from. May throw. */
  mountsUnreadable(error: SyscallError): void;
}

/** Everything in which the finished container differs from what was expected, a line each. */
export function verifyContainer(
  sys: Syscalls,
  expectations: readonly Expectation[],
  { proc: given, descriptors, mountsUnreadable }: VerificationOptions,
): string[] {
  let proc: Fd | undefined;
  try {
    proc = given !== undefined && knowsThread(sys, given) ? given : openProc(sys);
    const mounts = parseMountinfo(readProcFile(sys, proc, 'thread-self/mountinfo'));
    const inherited = descriptors ? inheritedDescriptors(sys, proc) : [];
    return [...findDifferences(sys, expectations, mounts), ...inherited];
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    mountsUnreadable(error);
    return findDifferences(sys, expectations, undefined);
  } finally {
    if (proc !== undefined && proc !== given) sys.close(proc);
  }
}

/** The container's proc, or one that is mounted nowhere: it shows this thread for certain. */
function openProc(sys: Syscalls): Fd {
  return openMountedProc(sys) ?? openThrough(sys, sys.fsopen('proc', FSOPEN_CLOEXEC), makeProc);

  function makeProc(context: Fd): Fd {
    sys.fsconfig(context, FSCONFIG_CMD_CREATE, null, null, 0);
    return sys.fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
  }
}

function openMountedProc(sys: Syscalls): Fd | undefined {
  let proc: Fd;
  try {
    const how = { flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC) };
    proc = sys.openat2(AT_FDCWD, containerPath('/proc'), how);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES')) return undefined;
    throw error;
  }
  const isProc = orClose(
    sys,
    proc,
    () => sys.fstatfs(proc).type === PROC_SUPER_MAGIC && knowsThread(sys, proc),
  );
  if (isProc) return proc;
  sys.close(proc);
  return undefined;
}

// A proc may be of another PID namespace, and an image may have a directory in place of one.
function knowsThread(sys: Syscalls, proc: Fd): boolean {
  try {
    sys.readlinkat(proc, 'thread-self' as AtPath);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EINVAL')) return false;
    throw error;
  }
}

function readProcFile(sys: Syscalls, proc: Fd, name: string): string {
  const how = { flags: flags(O_RDONLY, O_CLOEXEC) };
  return withFd(sys, sys.openat2(proc, name as AtPath, how), (fd) => readAll(sys, fd));
}

function inheritedDescriptors(sys: Syscalls, proc: Fd): string[] {
  const how = { flags: flags(O_RDONLY, O_DIRECTORY, O_CLOEXEC) };
  const directory = sys.openat2(proc, 'thread-self/fd' as AtPath, how);
  const found: number[] = [];
  withFd(sys, directory, () => {
    for (;;) {
      const entries = sys.getdents64(directory);
      if (entries.length === 0) break;
      for (const { name } of entries) if (Number(name) > 2) found.push(Number(name));
    }
  });
  return found
    .filter((fd) => fd !== directory && lacksCloseOnExec(sys, fd as Fd))
    .map(
      (fd) =>
        `descriptor ${fd} (${sys.descriptors.get(fd as Fd)}) would be inherited by a command: close it or set FD_CLOEXEC before the run`,
    );
}

function lacksCloseOnExec(sys: Syscalls, fd: Fd): boolean {
  try {
    return (sys.fcntl(fd, F_GETFD, 0) & FD_CLOEXEC) === 0;
  } catch (error) {
    // Another thread has closed it since.
    if (isErrno(error, 'EBADF')) return false;
    throw error;
  }
}
