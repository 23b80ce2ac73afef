import { openUserNamespace, type UserNamespaceHandle } from 'nsinit';
import { containerOf, type OciContainer } from './from-oci-config.js';
import type { OciMount } from './oci-plan.js';

/** A container whose idmapped mounts have their user namespaces. */
export interface OpenedContainer {
  readonly container: OciContainer;
  /** Lets the namespaces go: when the set-up is done, its mounts keep them. */
  close(): void;
}

/**
 * Makes the user namespaces that idmapped mounts take their maps from (mount_setattr(2)).
 *
 * @throws UserMappingError; SyscallError. Nothing is left open then.
 */
export function openIdmaps(container: OciContainer): OpenedContainer {
  const handles: UserNamespaceHandle[] = [];
  const close = (): void => {
    for (const handle of handles) handle.close();
  };
  const open = (mount: OciMount): OciMount => {
    if (mount.idmap === undefined) return mount;
    const handle = openUserNamespace(mount.idmap);
    handles.push(handle);
    return { ...mount, idmap: { ...mount.idmap, userNamespace: handle.path } };
  };
  try {
    const mounts = container.plan.mounts.map(open);
    if (handles.length === 0) return { container, close };
    return { container: containerOf({ ...container.plan, mounts }, container), close };
  } catch (error) {
    close();
    throw error;
  }
}
