import type { StepContext } from '../pipeline/step.js';
import type { Fd } from '../syscalls/descriptor.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { withFd } from './attach-mount.js';
import { DEV_DIRECTORY } from './keys.js';

/** Works in the container's /dev by its descriptor: the kept one, or the root's own directory. */
export function inDev(sys: Syscalls, context: StepContext, work: (dev: Fd) => void): void {
  const dev = context.find(DEV_DIRECTORY);
  if (dev !== undefined) work(dev);
  else withFd(sys, context.root.mkdirAll('/dev', 0o755), work);
}
