import type { Logger } from '../pipeline/logger.js';
import type { Observer } from '../pipeline/observer.js';
import { formatTracedCall } from '../syscalls/tracing-syscalls.js';

const MICROS = 1000;

/** Logs what a run does: its steps, and at `debug` its calls. */
export function logRun(logger: Logger, level: 'info' | 'debug'): Observer {
  const steps: Observer = {
    stepEnd: (step, micros) => logger.info(`step ${step}: ${(micros / MICROS).toFixed(2)} ms`),
    rootSwitch: () => logger.info('the root is switched'),
    undoStart: (step) => logger.info(`step ${step} has failed: taking back what was done`),
  };
  if (level === 'info') return steps;
  return { ...steps, syscall: (_step, call) => logger.debug(formatTracedCall(call)) };
}
