import { closeSync, openSync, writeSync } from 'node:fs';
import type { StepError } from '../pipeline/errors.js';
import type { Observer } from '../pipeline/observer.js';
import type { TracedCall } from '../syscalls/tracing-syscalls.js';

/** Before the first step and after the last one calls are made as well. */
const BEFORE = 'open the root';
const AFTER = 'close what is no longer needed';

interface Slice {
  readonly name: string;
  /** Microseconds since the file was opened. */
  readonly start: number;
  readonly kind: 'step' | 'run';
}

/**
 * Writes steps and calls with their durations as trace events (the JSON array of Chrome's trace
 * event format), to be opened in Perfetto or chrome://tracing. Each event is written at once: what
 * is there after a failure, or a kill, can be opened too.
 */
export class TraceEventsFile implements Observer {
  // Opened at once: after a root switch the path would be the container's.
  readonly #fd: number;
  readonly #opened = performance.now();
  #slice: Slice | undefined;
  #stepped = false;

  /** @throws Error of Node's when the file cannot be opened. */
  constructor(path: string) {
    this.#fd = openSync(path, 'w', 0o644);
    const named = (ph: string, name: string): string =>
      JSON.stringify({ name: ph, ph: 'M', pid: process.pid, tid: 1, args: { name } });
    writeSync(
      this.#fd,
      `[\n${named('process_name', 'nsinit')},\n${named('thread_name', 'set-up')}`,
    );
  }

  stepStart(step: string): void {
    this.#end({});
    this.#stepped = true;
    this.#slice = { name: step, start: this.#now(), kind: 'step' };
  }

  stepEnd(): void {
    this.#end({});
  }

  stepFail({ cause, undo }: StepError): void {
    this.#end({ error: cause instanceof Error ? cause.message : String(cause), undo });
  }

  syscall(_step: string, { call, args, result, failed, micros }: TracedCall): void {
    const end = this.#now();
    // It began when the adapter was asked, and no earlier than what it belongs to.
    const start = end - micros;
    this.#slice ??= { name: this.#stepped ? AFTER : BEFORE, start, kind: 'run' };
    this.#write({
      name: call,
      cat: 'call',
      ph: 'X',
      ts: Math.max(start, this.#slice.start),
      dur: end - Math.max(start, this.#slice.start),
      args: { call: `${call}(${args.join(', ')})`, result: failed ? `-1 ${result}` : result },
    });
  }

  fallback(step: string, name: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#write({
      name: `fallback ${name}`,
      cat: 'fallback',
      ph: 'i',
      s: 't',
      ts: this.#now(),
      args: { step, why },
    });
  }

  close(): void {
    this.#end({});
    writeSync(this.#fd, '\n]\n');
    closeSync(this.#fd);
  }

  #now(): number {
    return (performance.now() - this.#opened) * 1000;
  }

  #end(args: Readonly<Record<string, string>>): void {
    if (this.#slice === undefined) return;
    const { name, start, kind } = this.#slice;
    this.#slice = undefined;
    this.#write({ name, cat: kind, ph: 'X', ts: start, dur: this.#now() - start, args });
  }

  #write(event: Readonly<Record<string, unknown>>): void {
    writeSync(this.#fd, `,\n${JSON.stringify({ ...event, pid: process.pid, tid: 1 })}`);
  }
}
