import { hostPath, type HostPath } from '../syscalls/paths.js';
import type { Namespaces } from './namespaces.js';
import { openNamespace, prepareNamespaces } from './prepared-namespaces.js';
import { openRuntimeHost, type RuntimeHost } from './runtime-host.js';
import { closePrepared } from './start-command.js';
import type { IdRange } from './user-mapping.js';

/** A user namespace that nothing runs in. */
export interface UserNamespaceHandle extends Disposable {
  /** Leads to it from every thread and process that may look at this one (proc_pid_fd(5)). */
  readonly path: HostPath;
  /** Lets it go. What it was given to, such as an idmapped mount, keeps it. */
  close(): void;
}

const ALONE: Namespaces = {
  user: 'new',
  mount: 'shared',
  pid: 'shared',
  uts: 'shared',
  ipc: 'shared',
  net: 'shared',
  cgroup: 'shared',
};

let opened: RuntimeHost | undefined;

/**
 * Makes a user namespace for its id maps: for idmapped mounts, which want one by descriptor
 * (mount_setattr(2), MOUNT_ATTR_IDMAP). A process that Node is cannot make one, so a short-lived
 * one does.
 *
 * @throws UserMappingError when the ids cannot be mapped; SyscallError.
 */
export function openUserNamespace(maps: {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
}): UserNamespaceHandle {
  opened ??= openRuntimeHost();
  const host = opened;
  const helper = process.geteuid?.() !== 0;
  const prepared = prepareNamespaces(host, ALONE, { ...maps, helper });
  try {
    const fd = openNamespace(host.syscalls, prepared.runner.pid, 'user');
    let open = true;
    const close = (): void => {
      if (open) host.syscalls.close(fd);
      open = false;
    };
    const path = hostPath(`/proc/${process.pid}/fd/${fd}`);
    return { path, close, [Symbol.dispose]: close };
  } finally {
    closePrepared(host, prepared);
    host.processes.waitid(prepared.runner.pid);
  }
}
