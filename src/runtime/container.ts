import { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { RunReport } from '../pipeline/run.js';
import type { ProcessEnd } from '../syscalls/process-calls.js';
import type { RunningProcess } from './running-process.js';
import type { SetUpPlace } from './set-up.js';
import { signalName } from './signals.js';
import type { Terminal } from './terminal.js';

/** How a container ended. That its command failed is a result, not an exception. */
export interface ContainerEnd {
  /** The command's exit code, or null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether it was ended for having run longer than `timeout`. */
  readonly timedOut: boolean;
  /** Whether it was ended by its AbortSignal. */
  readonly aborted: boolean;
}

/** What ends a container from outside. */
export interface ContainerControls {
  readonly signal?: AbortSignal | undefined;
  /** In milliseconds. */
  readonly timeout?: number | undefined;
  readonly killSignal: NodeJS.Signals | number;
}

/** What a container emits. */
export interface ContainerEvents {
  exit: [code: number | null, signal: NodeJS.Signals | null];
  close: [code: number | null, signal: NodeJS.Signals | null];
}

/** A running container, to be used like a `ChildProcess`. */
export class Container extends EventEmitter<ContainerEvents> implements AsyncDisposable {
  /** The command's process, as this machine numbers it. */
  readonly pid: number;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** By descriptor; null where no pipe was asked for. */
  readonly stdio: readonly (Readable | Writable | null)[];
  /** The pseudo-terminal, where one was asked for. */
  readonly terminal: Terminal | null;
  /**
   * The end of the command: its streams are closed then, also the terminal where that is read, and
   * nothing of the container is left.
   */
  readonly ended: Promise<ContainerEnd>;
  /** As `ended` tells it; null while the command runs. */
  exitCode: number | null = null;
  signalCode: NodeJS.Signals | null = null;
  readonly #process: RunningProcess;
  #timedOut = false;
  #aborted = false;

  /** @internal */
  constructor(
    running: RunningProcess,
    streams: readonly (Readable | Writable | null)[],
    terminal: Terminal | null,
    controls: ContainerControls,
    /** What the set-up did: its steps, their times, and the fallbacks that were taken. */
    readonly report: RunReport,
    /** Where the set-up's calls were made: in a thread of this program, or in the container's process. */
    readonly setUpPlace: SetUpPlace,
  ) {
    super();
    this.#process = running;
    this.pid = running.pids.command;
    this.stdio = streams;
    this.stdin = (streams[0] ?? null) as Writable | null;
    this.stdout = (streams[1] ?? null) as Readable | null;
    this.stderr = (streams[2] ?? null) as Readable | null;
    this.terminal = terminal;
    const release = this.#obey(controls);
    const closed = Promise.all(streams.map(closeOf));
    this.ended = this.#follow(release, closed);
    // Whoever does not wait for the end does not have to handle its failure.
    this.ended.catch(() => undefined);
  }

  /** Sends a signal to the command, SIGTERM unless another is named. @returns whether it still ran. */
  kill(signal: NodeJS.Signals | number = 'SIGTERM'): boolean {
    return this.#process.kill(signal);
  }

  /** Kills everything in the container, and waits until nothing is left of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.destroy();
    for (const stream of this.stdio) stream?.destroy();
    this.terminal?.destroy();
    await this.ended;
  }

  async #follow(release: () => void, closed: Promise<unknown>): Promise<ContainerEnd> {
    const { code, signal } = toExit(await this.#process.exited);
    // It may have ended before its launch was reported: whoever waits for that comes first.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    release();
    this.exitCode = code;
    this.signalCode = signal;
    this.stdin?.destroy();
    this.emit('exit', code, signal);
    // What nobody reads would stay open for ever.
    for (const stream of this.stdio.slice(1)) (stream as Readable | null)?.resume();
    const shown = closeOf(this.terminal?.isRead() === true ? this.terminal : null);
    await Promise.all([this.#process.gone, closed, shown]);
    this.terminal?.ended();
    this.emit('close', code, signal);
    return { code, signal, timedOut: this.#timedOut, aborted: this.#aborted };
  }

  /** Arms what may end the container; the result disarms it. */
  #obey({ signal, timeout, killSignal }: ContainerControls): () => void {
    const abort = (): void => {
      this.#aborted = true;
      this.kill(killSignal);
    };
    const expire = (): void => {
      this.#timedOut = true;
      this.kill(killSignal);
    };
    const timer = timeout === undefined ? undefined : setTimeout(expire, timeout);
    signal?.addEventListener('abort', abort, { once: true });
    return () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
  }
}

const toExit = ({
  code,
  signal,
}: ProcessEnd): { code: number | null; signal: NodeJS.Signals | null } => ({
  code,
  signal: signal === null ? null : signalName(signal),
});

function closeOf(stream: Readable | Writable | null): Promise<void> {
  if (stream === null || stream.closed) return Promise.resolve();
  return new Promise((resolve) => stream.once('close', () => resolve()));
}
