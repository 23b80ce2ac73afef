import type { Observer } from '../pipeline/observer.js';
import { formatTracedCall } from '../syscalls/tracing-syscalls.js';
import { RunFile } from './run-file.js';

/** Writes every call of a run, as strace would; `-` is standard error. */
export class TraceFile implements Observer {
  readonly #file: RunFile;

  /** @throws UsageError when the file cannot be opened. */
  constructor(path: string) {
    this.#file = new RunFile('--trace', path);
  }

  syscall(_step: string, call: Parameters<NonNullable<Observer['syscall']>>[1]): void {
    this.#file.write(`${formatTracedCall(call)}\n`);
  }

  close(): void {
    this.#file.close();
  }
}
