import { ReadStream } from 'node:tty';
import { AT_FDCWD, asFd, type Fd } from '../syscalls/descriptor.js';
import {
  O_CLOEXEC,
  O_NOCTTY,
  O_RDWR,
  TIOCGPTPEER,
  TIOCSPTLCK,
  TIOCSWINSZ,
} from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import { hostPath } from '../syscalls/paths.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';

/** The size of a terminal, in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Both ends of a new pseudo-terminal. */
export interface PseudoTerminal {
  readonly master: Fd;
  readonly slave: Fd;
}

/** Makes a pseudo-terminal of the host's devpts (pts(4)). @throws SyscallError */
export function openPseudoTerminal(syscalls: Syscalls, size: TerminalSize): PseudoTerminal {
  const how = flags(O_RDWR, O_NOCTTY, O_CLOEXEC);
  const master = syscalls.openat2(AT_FDCWD, hostPath('/dev/ptmx'), { flags: how });
  try {
    syscalls.ioctl(master, TIOCSPTLCK, new Uint8Array(4));
    resizeTerminal(syscalls, master, size);
    // By the master and not by name: the name could lead elsewhere (CVE-2025-52565).
    return { master, slave: asFd(syscalls.ioctl(master, TIOCGPTPEER, how)) };
  } catch (error) {
    syscalls.close(master);
    throw error;
  }
}

/** Tells the terminal's programs its size: they get SIGWINCH when it changes. @throws SyscallError */
export function resizeTerminal(
  syscalls: Syscalls,
  master: Fd,
  { columns, rows }: TerminalSize,
): void {
  syscalls.ioctl(master, TIOCSWINSZ, new Uint8Array(Uint16Array.of(rows, columns, 0, 0).buffer));
}

// More than the kernel has on its way at once (n_tty).
const PIECE = 65_536;

/** The caller's side of a container's terminal: what is written is typed, what is read is shown. */
export class Terminal extends ReadStream {
  readonly #syscalls: Syscalls;
  readonly #master: Fd;

  constructor(syscalls: Syscalls, master: Fd) {
    super(master);
    this.#syscalls = syscalls;
    this.#master = master;
  }

  /** Sets the size in characters; that of one which is closed nobody sees. @throws SyscallError */
  resize(size: TerminalSize): void {
    // Its number may be another file's by now.
    if (this.destroyed) return;
    resizeTerminal(this.#syscalls, this.#master, size);
  }

  /**
   * libuv takes what is shorter than it could be, together with POLLHUP, for the last (uv__read). The
   * kernel may still be carrying the rest from the other side, and hands it to whoever reads on.
   */
  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (chunk === null) for (const rest of this.#rest()) super.push(rest);
    return super.push(chunk, encoding);
  }

  /** What can still be read; EIO is the end of it. */
  *#rest(): Generator<Uint8Array> {
    for (;;) {
      let bytes: Uint8Array;
      try {
        bytes = this.#syscalls.read(this.#master, PIECE);
      } catch (error) {
        if (error instanceof SyscallError) return;
        throw error;
      }
      if (bytes.length === 0) return;
      yield bytes;
    }
  }

  /** Reading fails with EIO once the last program has closed its side: that is the end. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    super._destroy(
      (error as NodeJS.ErrnoException | null)?.code === 'EIO' ? null : error,
      callback,
    );
  }

  /** Whether somebody takes what is shown, and so will come to its end. */
  isRead(): boolean {
    const listeners = this.listenerCount('data') + this.listenerCount('readable');
    return listeners > 0 || this.readableFlowing === true;
  }

  /** The container has ended. */
  ended(): void {
    if (!this.readable) this.destroy();
  }
}
