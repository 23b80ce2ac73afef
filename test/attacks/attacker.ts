import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Order, Progress } from './swapper.js';

/** The attacker, a process beside this one. */
export class Attacker {
  readonly #process: ChildProcess;
  readonly #orderFile: string;
  readonly #progressFile: string;
  #number = 0;

  constructor(base: string) {
    this.#orderFile = join(base, 'order');
    this.#progressFile = join(base, 'progress');
    writeFileSync(this.#orderFile, JSON.stringify({ number: 0 } satisfies Order));
    const script = fileURLToPath(new URL('swapper.js', import.meta.url));
    this.#process = spawn(process.execPath, [script, this.#orderFile, this.#progressFile], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }

  /** Exchanges two names from now on, or nothing. @returns how many exchanges there were before. */
  attack(pair?: readonly [string, string]): number {
    this.#number += 1;
    const order: Order = { number: this.#number, ...(pair === undefined ? {} : { pair }) };
    writeFileSync(`${this.#orderFile}.new`, JSON.stringify(order));
    renameSync(`${this.#orderFile}.new`, this.#orderFile);
    for (;;) {
      const { number, exchanges } = this.#progress();
      if (number === this.#number) return exchanges;
    }
  }

  end(): void {
    this.#process.kill('SIGKILL');
  }

  #progress(): Progress {
    try {
      return JSON.parse(readFileSync(this.#progressFile, 'utf8')) as Progress;
    } catch {
      // Not written yet, or half.
      return { number: -1, exchanges: 0 };
    }
  }
}
