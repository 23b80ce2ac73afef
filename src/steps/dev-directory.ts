import type { StepContext } from '../pipeline/step.js';
import type { Fd } from '../syscalls/descriptor.js';
import { DEV_DIRECTORY } from './keys.js';

/** The container's /dev by descriptor: the kept one, or the root's own directory. */
export function devDirectory(context: StepContext): Fd {
  const known = context.find(DEV_DIRECTORY);
  if (known !== undefined) return known;
  const dev = context.keep(context.root.realDirectory('/dev', 0o755));
  context.provide(DEV_DIRECTORY, dev);
  return dev;
}

/** Works in the container's /dev by its descriptor. */
export function inDev(context: StepContext, work: (dev: Fd) => void): void {
  work(devDirectory(context));
}
