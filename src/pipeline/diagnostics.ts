import { channel, type Channel } from 'node:diagnostics_channel';
import type { Observer } from './observer.js';

/** Channels of `node:diagnostics_channel`, for OpenTelemetry and others. */
const CHANNELS = {
  progress: channel('nsinit:progress'),
  stepStart: channel('nsinit:step-start'),
  stepEnd: channel('nsinit:step-end'),
  stepFail: channel('nsinit:step-fail'),
  rootSwitch: channel('nsinit:root-switch'),
  syscall: channel('nsinit:syscall'),
  fallback: channel('nsinit:fallback'),
} as const satisfies Partial<Record<keyof Observer, Channel>>;

/** Whether somebody listens to what runs do. */
export const isListenedTo = (): boolean =>
  Object.values(CHANNELS).some(({ hasSubscribers }) => hasSubscribers);

/**
 * An observer that publishes what a run does, for the channels that somebody listens to when it
 * begins. Without a listener to `nsinit:syscall` no call is traced.
 */
function diagnosticsObserver(): Observer | undefined {
  const { progress, stepStart, stepEnd, stepFail, rootSwitch, syscall, fallback } = CHANNELS;
  if (!isListenedTo()) return undefined;
  return {
    progress: (step, sofar) => progress.publish({ step, ...sofar }),
    stepStart: (step) => stepStart.publish({ step }),
    stepEnd: (step, micros) => stepEnd.publish({ step, micros }),
    stepFail: (error) => stepFail.publish({ step: error.step, error }),
    rootSwitch: (step) => rootSwitch.publish({ step }),
    fallback: (step, name, error, cost) => fallback.publish({ step, name, error, cost }),
    ...(syscall.hasSubscribers
      ? { syscall: (step, call) => syscall.publish({ step, ...call }) }
      : {}),
  };
}

/** The observers that are given, and the one that publishes where somebody listens. */
export function withDiagnostics(observers: readonly Observer[] = []): readonly Observer[] {
  const published = diagnosticsObserver();
  return published === undefined ? observers : [...observers, published];
}
