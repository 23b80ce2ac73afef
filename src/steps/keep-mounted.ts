import type { StepContext } from '../pipeline/step.js';
import type { Fd } from '../syscalls/descriptor.js';
import { MNT_DETACH } from '../syscalls/mount-flags.js';
import { fdPath } from '../syscalls/paths.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { withFd } from '../syscalls/with-fd.js';

/**
 * Keeps a descriptor of what has just been mounted by a call that takes a path: it is detached by
 * that when a later step fails, or when there cannot even be a descriptor.
 *
 * @param open opens the top of what is mounted; once more to detach it, if it fails.
 */
export function keepMounted(sys: Syscalls, context: StepContext, open: () => Fd): Fd {
  let top: Fd | undefined;
  context.defer(() => {
    if (top !== undefined) sys.umount2(fdPath(top), MNT_DETACH);
    else withFd(sys, open(), (fd) => sys.umount2(fdPath(fd), MNT_DETACH));
  });
  top = context.keep(open());
  return top;
}
