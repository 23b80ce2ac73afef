import { refuse } from './errors.js';
import type { Inode } from './inode.js';

/** A pseudo terminal (pty(7)): what its two ends share. */
export class Terminal {
  /** unlockpt(3): the peer cannot be opened before. */
  locked = true;
  /** Rows, columns and pixels, as `struct winsize` has them. */
  windowSize: Uint8Array = new Uint8Array(8);

  constructor(
    /** N of /dev/pts/N. */
    readonly number: number,
    readonly peer: Inode,
  ) {}
}

/** The terminals of one devpts instance; each has its own numbers (devpts.rst of the kernel). */
export class Terminals {
  readonly #open = new Map<number, Terminal>();

  constructor(
    private readonly root: Inode,
    private readonly createPeer: (number: number) => Inode,
  ) {}

  open(): Terminal {
    let number = 0;
    while (this.root.entry(String(number)) !== undefined) number += 1;
    const peer = this.createPeer(number);
    this.root.add(String(number), peer);
    const terminal = new Terminal(number, peer);
    this.#open.set(number, terminal);
    return terminal;
  }

  find(peer: Inode): Terminal {
    for (const terminal of this.#open.values()) if (terminal.peer === peer) return terminal;
    return refuse('EIO');
  }

  close(terminal: Terminal): void {
    this.#open.delete(terminal.number);
    this.root.remove(String(terminal.number));
  }
}
