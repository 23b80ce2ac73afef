import { closeSync, openSync, writeSync } from 'node:fs';
import type { Observer } from '../pipeline/observer.js';
import { formatTracedCall } from '../syscalls/tracing-syscalls.js';

/** Writes every call of a run, as strace would; `-` is standard error. */
export class TraceFile implements Observer {
  // Opened at once: after a root switch the path would be the container's.
  readonly #fd: number;

  /** @throws Error of Node's when the file cannot be opened. */
  constructor(path: string) {
    this.#fd = path === '-' ? 2 : openSync(path, 'w', 0o644);
  }

  syscall(_step: string, call: Parameters<NonNullable<Observer['syscall']>>[1]): void {
    writeSync(this.#fd, `${formatTracedCall(call)}\n`);
  }

  close(): void {
    if (this.#fd !== 2) closeSync(this.#fd);
  }
}
