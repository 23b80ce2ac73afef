import type { Logger } from '../pipeline/logger.js';
import type { Observer } from '../pipeline/observer.js';
import { chooseLogLevel, type RunFlags } from './run-options.js';

/** The observers that the options ask for, their files open. */
export interface RunObservers {
  readonly observers: readonly Observer[];
  close(): void;
}

/** @throws UsageError when a file cannot be opened. */
export async function openObservers(given: RunFlags, logger: Logger): Promise<RunObservers> {
  const { trace, traceEvents } = given;
  const level = chooseLogLevel(given);
  const files: (Observer & { close(): void })[] = [];
  if (trace !== undefined) {
    const { TraceFile } = await import('./trace-file.js');
    files.push(new TraceFile(trace));
  }
  if (traceEvents !== undefined) {
    const { TraceEventsFile } = await import('./trace-events.js');
    files.push(new TraceEventsFile(traceEvents));
  }
  const logs: Observer[] = [];
  if (level === 'info' || level === 'debug') {
    const { logRun } = await import('./log-run.js');
    logs.push(logRun(logger, level));
  }
  return { observers: [...files, ...logs], close: () => files.forEach((file) => file.close()) };
}
