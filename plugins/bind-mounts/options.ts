import {
  MOUNT_PROPAGATION,
  readMountAttributes,
  type MountAttributes,
  type MountPropagation,
  type OptionReader,
} from 'nsinit';

/** How a mount spreads, `r…` with everything below it (mount_namespaces(7)). */
export const BIND_PROPAGATION = MOUNT_PROPAGATION;
/** How mounts spread from and to a bind, as mount(8) names it. */
export type BindPropagation = MountPropagation;

/** One bind mount. Its own attributes are those of the whole tree. */
export interface BindMount extends MountAttributes {
  /** A file or directory: of the host, absolute. */
  readonly source: string;
  /** Where it appears in the container; made if it is missing. */
  readonly target: string;
  /** Takes the source from the container's own tree. */
  readonly inContainer?: boolean | undefined;
  /** Also what is mounted below the source; yes unless told otherwise. */
  readonly recursive?: boolean | undefined;
  /** Attributes of the uppermost mount alone, set after those of the whole tree. */
  readonly top?: MountAttributes | undefined;
  /** Passed over when there is no such source. */
  readonly optional?: boolean | undefined;
  /** Follows a symbolic link at the end of the source; else binds the link itself. */
  readonly followSource?: boolean | undefined;
  /** Follows a symbolic link at the end of the target, inside the root; else mounts over it. */
  readonly followTarget?: boolean | undefined;
  /** How it spreads, one change after the other. */
  readonly propagation?: readonly BindPropagation[] | undefined;
}

/** What is bound, in order. */
export interface BindMountsOptions {
  readonly mounts: readonly BindMount[];
}

/** @throws NsinitError naming the option. */
export function readBindMount(given: OptionReader): BindMount {
  const inContainer = given.boolean('inContainer', false);
  const source = inContainer ? given.containerPath('source') : given.hostPath('source');
  const target = given.mountPoint('target');
  const top = given.object('top', (mount) => mount.done(readMountAttributes(mount)));
  return given.done({
    source,
    target,
    inContainer,
    recursive: given.boolean('recursive', true),
    ...readMountAttributes(given),
    top,
    optional: given.boolean('optional', false),
    followSource: given.boolean('followSource', true),
    followTarget: given.boolean('followTarget', true),
    propagation: given.list('propagation', (item, name) => item.oneOf(name, BIND_PROPAGATION)),
  });
}
