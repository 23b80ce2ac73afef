import { refuse } from '../errors.js';
import type { Kernel } from '../kernel.js';
import { isMountRoot, type Location } from '../location.js';
import { hasLockedChildren } from '../locks.js';

/** MOVE_MOUNT_SET_GROUP (Linux 5.15): a private mount joins the propagation of another. */
export function setGroup(kernel: Kernel, from: Location, to: Location): void {
  const source = from.mount;
  const target = to.mount;
  for (const { namespace } of [source, target]) {
    if (namespace === undefined) return refuse('EINVAL');
    if (!kernel.process.credentials.capableIn(namespace.owner, 'CAP_SYS_ADMIN')) refuse('EPERM');
  }
  if (!isMountRoot(from) || !isMountRoot(to)) refuse('EINVAL');
  if (source.fileSystem !== target.fileSystem || !source.root.contains(target.root))
    refuse('EINVAL');
  if (hasLockedChildren(source, target.root)) refuse('EINVAL');
  if (target.group !== undefined || target.master !== undefined) refuse('EINVAL');
  if (source.group === undefined && source.master === undefined) refuse('EINVAL');
  if (source.master !== undefined) kernel.groups.follow(target, source.master);
  if (source.group === undefined) return;
  kernel.groups.join(target, source.group);
  target.unbindable = false;
}
