import type { StepContext } from '../pipeline/step.js';
import type { Fd } from '../syscalls/descriptor.js';
import { DEV_DIRECTORY } from './keys.js';

/** Works in the container's /dev by its descriptor: the kept one, or the root's own directory. */
export function inDev(context: StepContext, work: (dev: Fd) => void): void {
  let dev = context.find(DEV_DIRECTORY);
  if (dev === undefined) {
    dev = context.keep(context.root.realDirectory('/dev', 0o755));
    context.provide(DEV_DIRECTORY, dev);
  }
  work(dev);
}
