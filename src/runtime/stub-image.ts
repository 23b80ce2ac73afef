import { readFileSync } from 'node:fs';
import type { Fd } from '../syscalls/descriptor.js';
import { nativeFile } from '../syscalls/native-file.js';
import { MFD, type ProcessCalls } from '../syscalls/process-calls.js';
import { isErrno } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';

/**
 * Puts the stub into a sealed memfd. What runs in a container can reach the program of PID 1 by
 * /proc/1/exe, and must find nobody's program there, and nothing to write to (CVE-2019-5736).
 *
 * @throws Error when the package has no stub for this architecture; SyscallError.
 */
export function openStubImage(syscalls: Syscalls, processes: ProcessCalls): Fd {
  const image = readStub();
  const fd = createExecutableMemfd(processes);
  for (let written = 0; written < image.length;) {
    written += syscalls.write(fd, image.subarray(written));
  }
  processes.seal(fd);
  return fd;
}

function readStub(): Uint8Array {
  const name = `stub-${process.arch}`;
  const path = nativeFile(name);
  if (path === undefined)
    throw new Error(
      `native/${name} is missing: nsinit runs on x64 and arm64, and this is ${process.arch}`,
    );
  return readFileSync(path);
}

function createExecutableMemfd(processes: ProcessCalls): Fd {
  const flags = MFD.CLOEXEC | MFD.ALLOW_SEALING;
  try {
    return processes.memfd_create('nsinit', flags | MFD.EXEC);
  } catch (error) {
    // MFD_EXEC came with Linux 6.3; before it, every memfd can be executed.
    if (!isErrno(error, 'EINVAL')) throw error;
    return processes.memfd_create('nsinit', flags);
  }
}
