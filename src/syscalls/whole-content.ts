import type { Fd } from './descriptor.js';
import type { Syscalls } from './syscalls.js';

/** Reads a file of text to its end. @throws SyscallError */
export function readAll(sys: Syscalls, fd: Fd): string {
  return Buffer.concat(readParts(sys, fd)).toString();
}

/** Reads a file to its end, whatever is in it. @throws SyscallError */
export function readBytes(sys: Syscalls, fd: Fd): Uint8Array {
  return Buffer.concat(readParts(sys, fd));
}

function readParts(sys: Syscalls, fd: Fd): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (;;) {
    // procfs gives a page at most; larger memory would only cost time.
    const part = sys.read(fd, 8192);
    if (part.length === 0) return parts;
    parts.push(part);
  }
}

/** Writes all of it: write(2) may take less. @throws SyscallError */
export function writeAll(sys: Syscalls, fd: Fd, data: Uint8Array | string): void {
  let rest: Uint8Array = typeof data === 'string' ? Buffer.from(data) : data;
  while (rest.length > 0) rest = rest.subarray(sys.write(fd, rest));
}
