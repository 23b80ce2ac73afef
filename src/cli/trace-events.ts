import type { StepError } from '../pipeline/errors.js';
import type { Observer } from '../pipeline/observer.js';
import type { TracedCall } from '../syscalls/tracing-syscalls.js';
import { RunFile } from './run-file.js';

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
  readonly #file: RunFile;
  readonly #opened = performance.now();
  #slice: Slice | undefined;
  #stepped = false;

  /** @throws UsageError when the file cannot be opened. */
  constructor(path: string) {
    this.#file = new RunFile('--trace-events', path);
    const named = (ph: string, name: string): string =>
      JSON.stringify({ name: ph, ph: 'M', pid: process.pid, tid: 1, args: { name } });
    this.#file.write(`[\n${named('process_name', 'nsinit')},\n${named('thread_name', 'set-up')}`);
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
    this.#file.write('\n]\n');
    this.#file.close();
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
    this.#file.write(`,\n${JSON.stringify({ ...event, pid: process.pid, tid: 1 })}`);
  }
}
