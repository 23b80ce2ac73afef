import type { MountPlan } from './mount-options.js';

/** A range of ids of a mount or a user namespace. */
export interface OciIdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** Ids of a file system shown as others (mount_setattr(2), MOUNT_ATTR_IDMAP). */
export interface OciIdmap {
  readonly recursive: boolean;
  readonly uids: readonly OciIdRange[];
  readonly gids: readonly OciIdRange[];
}

/** One entry of `mounts`. */
export interface OciMount {
  readonly target: string;
  /** A path of the host for a bind, else what mountinfo shows. */
  readonly source: string;
  /** Empty for a bind. */
  readonly fstype: string;
  /** As they are listed. */
  readonly options: readonly string[];
  readonly plan: MountPlan;
  readonly idmap?: OciIdmap;
}

/** A device node, a default one or one of `linux.devices`. */
export interface OciDevice {
  readonly path: string;
  /** Character device, block device, or fifo. */
  readonly type: 'c' | 'b' | 'p';
  readonly major: number;
  readonly minor: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A program that the configuration runs at a moment of the container's life. */
export interface OciHook {
  readonly path: string;
  /** With argument 0. */
  readonly args: readonly string[];
  /** The whole environment, as `NAME=VALUE`. */
  readonly env: readonly string[];
  /** In seconds; without it there is no limit. */
  readonly timeout?: number;
}

/** Hooks by the moment at which they run; `prestart` is the first part of `createRuntime`. */
export interface OciHooks {
  readonly createRuntime: readonly OciHook[];
  readonly createContainer: readonly OciHook[];
  readonly startContainer: readonly OciHook[];
  readonly poststart: readonly OciHook[];
  readonly poststop: readonly OciHook[];
}

/** What hooks are told of the container on standard input, without its status and its pid. */
export interface OciIdentity {
  readonly ociVersion: string;
  readonly id: string;
  readonly bundle: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Everything that the pipeline of a bundle does: plain data, for the way to another thread. */
export interface OciPlan {
  readonly identity: OciIdentity;
  /** `linux.rootfsPropagation`, where it is given. */
  readonly propagation?: string;
  readonly mounts: readonly OciMount[];
  /** Whether /dev is the container's own: not where a host directory is bound there. */
  readonly ownDev: boolean;
  readonly devices: readonly OciDevice[];
  readonly cwd: string;
  readonly readonlyRoot: boolean;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly sysctl: Readonly<Record<string, string>>;
  readonly umask: number;
  readonly oomScoreAdj?: number;
  readonly hooks: OciHooks;
}
