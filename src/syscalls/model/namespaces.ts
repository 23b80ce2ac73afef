import {
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
} from '../process-flags.js';
import type { FileSystem } from './file-system.js';
import type { MountNamespace } from './mount-namespace.js';
import { UserNamespace } from './user-namespace.js';

/** A namespace that is neither the mount nor the user namespace (namespaces(7)). */
export class SimpleNamespace {
  /** The one file system that shows it: sysfs of a network namespace, mqueue of an IPC one. */
  fileSystem: FileSystem | undefined;
  hostname = 'localhost';
  domainname = '(none)';
  /** What was written to its files of /proc/sys, by their names. */
  readonly settings = new Map<string, string>();

  constructor(
    /** The number that its file in /proc/PID/ns shows. */
    readonly inum: number,
    readonly kind: 'pid' | 'net' | 'ipc' | 'uts' | 'cgroup' | 'time',
    /** Whose capabilities count in it. */
    readonly owner: UserNamespace,
    /** Of a PID namespace: the one it was made in, which sees its processes too. */
    readonly parent?: SimpleNamespace,
  ) {}

  /** Whether this namespace is the other or lies inside it. */
  isWithin(other: SimpleNamespace): boolean {
    return this === other || (this.parent?.isWithin(other) ?? false);
  }
}

export type Namespace =
  | { readonly kind: 'mnt'; readonly mount: MountNamespace }
  | { readonly kind: 'user'; readonly user: UserNamespace }
  | { readonly kind: SimpleNamespace['kind']; readonly simple: SimpleNamespace };

/** File names in /proc/PID/ns, with the flag that setns(2) knows each by. */
export const NAMESPACE_FLAGS: Readonly<Record<Namespace['kind'], number>> = {
  mnt: CLONE_NEWNS,
  user: CLONE_NEWUSER,
  pid: CLONE_NEWPID,
  net: CLONE_NEWNET,
  ipc: CLONE_NEWIPC,
  uts: CLONE_NEWUTS,
  cgroup: CLONE_NEWCGROUP,
  time: CLONE_NEWTIME,
};
