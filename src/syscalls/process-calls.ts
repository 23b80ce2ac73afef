import type { Fd } from './descriptor.js';

/** A child to start without anything of this process in it. */
export interface SpawnOptions {
  readonly path: string;
  readonly argv: readonly string[];
  /** Descriptors of the child: its number by the number here. No other is inherited. */
  readonly descriptors: ReadonlyMap<number, Fd>;
}

/** How a process ended. */
export interface ProcessEnd {
  /** Its exit code, or null when a signal ended it. */
  readonly code: number | null;
  /** The number of the signal that ended it, or null. */
  readonly signal: number | null;
}

/** Memory outside the JavaScript heap: it stays where it is, so a structure may point to it. */
export interface NativeMemory {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** Flags of memfd_create(2). */
export const MFD = { CLOEXEC: 1, ALLOW_SEALING: 2, EXEC: 0x10 } as const;

/**
 * What the runtime asks of the kernel about processes and the sockets between them, beside
 * `Syscalls`. Synchronous, for the calling thread; each throws SyscallError when refused.
 */
export interface ProcessCalls {
  /**
   * posix_spawn(3): a child with default signal actions, an empty signal mask and an empty
   * environment. Its parent in the sense of PR_SET_PDEATHSIG is the calling **thread**.
   */
  posix_spawn(options: SpawnOptions): number;
  /** waitid(2): how the child ended, after it was reaped; undefined with `nohang` while it runs. */
  waitid(pid: number, options?: { readonly nohang?: boolean }): ProcessEnd | undefined;
  /** Whether a child that was not waited for has not ended (waitid(2) with WNOWAIT). */
  isRunning(pid: number): boolean;
  /** kill(2). A child that was not waited for keeps its number. */
  kill(pid: number, signal: number): void;
  /** pidfd_open(2): readable when the process has ended (Linux 5.3). */
  pidfd_open(pid: number): Fd;
  /** pidfd_send_signal(2): cannot reach another process of the same number (Linux 5.1). */
  pidfd_send_signal(pidfd: Fd, signal: number): void;
  /** memfd_create(2). */
  memfd_create(name: string, flags: number): Fd;
  /** fcntl(2) with F_ADD_SEALS: all four, so that the content is final. */
  seal(fd: Fd): void;
  /** pipe2(2) with O_CLOEXEC: the end to read from, the end to write to. */
  pipe2(): readonly [Fd, Fd];
  /** socketpair(2): a stream that no program inherits. */
  socketpair(): readonly [Fd, Fd];
  /** sendmsg(2): all of `bytes`, with descriptors beside the first one (SCM_RIGHTS, unix(7)). */
  send(fd: Fd, bytes: Uint8Array, descriptors?: readonly Fd[]): void;
  /** recvfrom(2) with MSG_WAITALL into `into`: false when the other end closed before it was full. */
  receive(fd: Fd, into: Uint8Array): boolean;
  /** close(2). */
  close(fd: Fd): void;
}
