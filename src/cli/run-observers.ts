import type { Observer } from '../pipeline/observer.js';
import type { RunFlags } from './run-options.js';
import { TraceEventsFile } from './trace-events.js';
import { TraceFile } from './trace-file.js';

/** The observers that the options ask for, their files open. */
export interface RunObservers {
  readonly observers: readonly Observer[];
  close(): void;
}

/** @throws Error of Node's when a file cannot be opened. */
export function openObservers({ trace, traceEvents }: RunFlags): RunObservers {
  const files = [
    ...(trace === undefined ? [] : [new TraceFile(trace)]),
    ...(traceEvents === undefined ? [] : [new TraceEventsFile(traceEvents)]),
  ];
  return { observers: files, close: () => files.forEach((file) => file.close()) };
}
