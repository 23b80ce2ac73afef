import { NSFS_MAGIC } from '../file-system-magic.js';
import type { Timespec } from '../syscalls.js';
import { Credentials } from './credentials.js';
import { refuse } from './errors.js';
import { FileSystem, type FileSystemTraits } from './file-system.js';
import type { DirectorySource } from './inode.js';
import type { Location } from './location.js';
import { Mount } from './mount.js';
import { MountNamespace } from './mount-namespace.js';
import type { Namespace, SimpleNamespace } from './namespaces.js';
import { PeerGroups } from './peer-group.js';
import type { Process, ProcessNamespaces } from './process.js';
import { UserNamespace } from './user-namespace.js';

const ANON_INODE_FS_MAGIC = 0x09041934;

/** What the machine can do and how far. */
export interface KernelLimits {
  /** /proc/sys/fs/mount-max. */
  mountMax: number;
}

/** The modelled machine: what all its mounts, namespaces and the one thread have in common. */
export class Kernel {
  readonly initialUserNamespace = new UserNamespace(undefined, 0);
  readonly groups = new PeerGroups();
  readonly limits: KernelLimits = { mountMax: 100000 };
  /** The calling thread; set once its root is mounted. */
  process!: Process;
  /** Where descriptors that no path leads to are: `anon_inode:[fscontext]`. */
  readonly internal: Mount;
  readonly #namespaces: Mount;
  /** Bytes of memory. */
  memory = (): number => 4 * 2 ** 30;
  /** What could not be known of the machine and was taken to be so. */
  readonly assumptions = new Set<string>();
  /** Entries of the machine's own /proc, for every proc that is mounted. */
  machineProc: ((fileSystem: FileSystem) => DirectorySource) | undefined;
  /** /proc/self/cgroup of the machine, as it is read in its own cgroup namespace. */
  machineControlGroups: string | undefined;
  /** Those that the machine starts with; set once its root is mounted. */
  initialNamespaces!: Readonly<ProcessNamespaces>;
  /** All that were made, those of detached trees left out. */
  readonly mountNamespaces: MountNamespace[] = [];
  /** File systems that exist once on a machine, by type. */
  readonly singletons = new Map<string, FileSystem>();
  readonly #namespaceFiles = new Map<unknown, Location>();
  #nextMountId = 1;
  // Dynamic ones start here; those below are of the initial namespaces (linux/proc_ns.h).
  #nextInum = 0xf0000000;
  #nextMinor = 1;
  #ticks = 0n;

  constructor() {
    this.internal = this.#createInternal({ type: 'anon_inodefs', magic: ANON_INODE_FS_MAGIC });
    this.#namespaces = this.#createInternal({ type: 'nsfs', magic: NSFS_MAGIC });
  }

  #createInternal(traits: FileSystemTraits): Mount {
    return this.createMount(
      this.createFileSystem(traits, this.initialUserNamespace, 0o700),
      undefined,
    );
  }

  createMount(fileSystem: FileSystem, source: string | undefined, root = fileSystem.root): Mount {
    return new Mount(this.#nextMountId++, fileSystem, root, source);
  }

  createMountNamespace(owner: UserNamespace): MountNamespace {
    const namespace = new MountNamespace(this.#nextInum++, owner);
    this.mountNamespaces.push(namespace);
    return namespace;
  }

  /** A namespace for a detached tree. */
  createDetached(origin: MountNamespace | undefined): MountNamespace {
    const { owner } = this.process.mountNamespace;
    return new MountNamespace(this.#nextInum++, owner, true, origin);
  }

  createFileSystem(
    traits: FileSystemTraits,
    owner: UserNamespace,
    rootMode?: number,
    uid?: number,
    gid?: number,
  ): FileSystem {
    // Major 0 is of file systems without a device.
    const device = { major: 0, minor: this.#nextMinor++ };
    return new FileSystem(traits, device, owner, rootMode, () => this.now(), uid, gid);
  }

  allocateInum(): number {
    return this.#nextInum++;
  }

  /** A clock that only moves on: each time is later than the last. */
  now(): Timespec {
    this.#ticks += 1n;
    return {
      sec: 1_700_000_000n + this.#ticks / 1000n,
      nsec: Number(this.#ticks % 1000n) * 1_000_000,
    };
  }

  /** The file that stands for a namespace, one for each. */
  namespaceFile(namespace: Namespace): Location {
    const key = namespaceKey(namespace);
    let location = this.#namespaceFiles.get(key);
    if (location === undefined) {
      const inode = this.#namespaces.fileSystem.inode(0o100444, 0, 0);
      inode.namespace = namespace;
      inode.displayName = `${namespace.kind}:[${namespaceInum(namespace, this)}]`;
      location = { mount: this.#namespaces, inode };
      this.#namespaceFiles.set(key, location);
    }
    return location;
  }

  /** Whether the caller may change mounts: CAP_SYS_ADMIN over its mount namespace. */
  checkMayMount(): void {
    const { credentials, mountNamespace } = this.process;
    if (!credentials.capableIn(mountNamespace.owner, 'CAP_SYS_ADMIN')) refuse('EPERM');
  }

  /** A mount of the caller's namespace that shows a file system. */
  mountShowing(fileSystem: FileSystem): Mount {
    for (const mount of this.process.mountNamespace.mounts) {
      if (mount.fileSystem === fileSystem) return mount;
    }
    return refuse('EIO');
  }

  /** Whether a mount is in the caller's own namespace. */
  isOurs(mount: Mount): boolean {
    return mount.namespace === this.process.mountNamespace;
  }
}

function namespaceKey(namespace: Namespace): object {
  if (namespace.kind === 'mnt') return (namespace as { mount: MountNamespace }).mount;
  if (namespace.kind === 'user') return (namespace as { user: UserNamespace }).user;
  return (namespace as { simple: SimpleNamespace }).simple;
}

function namespaceInum(namespace: Namespace, kernel: Kernel): number {
  if ('mount' in namespace) return namespace.mount.inum;
  if ('simple' in namespace) return namespace.simple.inum;
  return kernel.allocateInum();
}

/** Somebody who may do everything. */
export function rootCredentials(
  namespace: UserNamespace,
  capabilities: Credentials['capabilities'],
): Credentials {
  return new Credentials(namespace, 0, 0, [], capabilities);
}
