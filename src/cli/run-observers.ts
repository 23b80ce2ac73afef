import type { Observer } from '../pipeline/observer.js';
import type { RunFlags } from './run-options.js';

/** The observers that the options ask for, their files open. */
export interface RunObservers {
  readonly observers: readonly Observer[];
  close(): void;
}

/** @throws Error of Node's when a file cannot be opened. */
export async function openObservers({ trace, traceEvents }: RunFlags): Promise<RunObservers> {
  const files: (Observer & { close(): void })[] = [];
  if (trace !== undefined) {
    const { TraceFile } = await import('./trace-file.js');
    files.push(new TraceFile(trace));
  }
  if (traceEvents !== undefined) {
    const { TraceEventsFile } = await import('./trace-events.js');
    files.push(new TraceEventsFile(traceEvents));
  }
  return { observers: files, close: () => files.forEach((file) => file.close()) };
}
