import { closeSync, openSync, writeSync } from 'node:fs';
import { complain } from './complain.js';
import { UsageError } from './usage-error.js';

const STANDARD_ERROR = 2;

/** A file that is written during a run, which goes on when that fails. */
export class RunFile {
  // Opened at once: after a root switch the path would be the container's.
  readonly #fd: number;
  #failure: string | undefined;

  /**
   * @param option what asked for it, as in `--trace`.
   * @param path `-` is standard error.
   * @throws UsageError when it cannot be opened.
   */
  constructor(
    private readonly option: string,
    path: string,
  ) {
    try {
      this.#fd = path === '-' ? STANDARD_ERROR : openSync(path, 'w', 0o644);
    } catch (error) {
      throw new UsageError(`${option}: ${(error as Error).message}`);
    }
  }

  write(text: string): void {
    if (this.#failure !== undefined) return;
    try {
      let bytes = Buffer.from(text);
      while (bytes.length > 0) bytes = bytes.subarray(writeSync(this.#fd, bytes));
    } catch (error) {
      // A full disk, or a pipe that nobody reads. It is told at the end: the steps run now.
      this.#failure = (error as Error).message;
    }
  }

  close(): void {
    if (this.#failure !== undefined) complain(`${this.option} is not whole: ${this.#failure}`);
    if (this.#fd !== STANDARD_ERROR) closeSync(this.#fd);
  }
}
