import type { FileSystem } from './file-system.js';
import type { Inode } from './inode.js';
import type { MountNamespace } from './mount-namespace.js';
import type { PeerGroup } from './peer-group.js';
import type { UserNamespace } from './user-namespace.js';

/** Per-mount flags of the kernel (`MNT_`): neither mount(2)'s bits nor statfs(2)'s. */
export const MNT_NOSUID = 0x01;
export const MNT_NODEV = 0x02;
export const MNT_NOEXEC = 0x04;
export const MNT_NOATIME = 0x08;
export const MNT_NODIRATIME = 0x10;
export const MNT_RELATIME = 0x20;
export const MNT_READONLY = 0x40;
export const MNT_NOSYMFOLLOW = 0x80;

/** Flags that are locked as one: none of them may change when any is locked. */
export const MNT_ATIME_MASK = MNT_NOATIME | MNT_NODIRATIME | MNT_RELATIME;

/** One mount: a (part of a) file system's tree, put over a directory or file of another mount. */
export class Mount {
  parent: Mount | undefined;
  /** The file of the parent's tree that it covers. */
  mountpoint: Inode | undefined;
  /** Undefined before it is attached anywhere and after it was unmounted. */
  namespace: MountNamespace | undefined;
  flags = 0;
  /** Flags that may not be taken back, since a more privileged user namespace set them. */
  lockedFlags = 0;
  /** May not be unmounted or moved alone: it would show what is below (mount_namespaces(7)). */
  locked = false;
  /** Whom it exchanges mount events with, if it is shared. */
  group: PeerGroup | undefined;
  /** Whom it receives mount events from, if it is a slave. */
  master: PeerGroup | undefined;
  unbindable = false;
  /** Whose maps files are shown with; their own owners without. */
  idmap: UserNamespace | undefined;
  /** Unmounted lazily; descriptors may still hold it. */
  unmounted = false;
  /** umount2(MNT_EXPIRE) has seen it unused once. */
  expiring = false;
  readonly #children = new Map<Inode, Mount>();

  constructor(
    readonly id: number,
    readonly fileSystem: FileSystem,
    readonly root: Inode,
    /** What was mounted, as mountinfo prints it. */
    readonly source: string | undefined,
  ) {}

  /** Mounts on this one, oldest first. */
  get children(): readonly Mount[] {
    return [...this.#children.values()];
  }

  /** What covers a file of this mount. */
  childAt(inode: Inode): Mount | undefined {
    return this.#children.get(inode);
  }

  /** What covers this mount whole: the next one up in a stack. */
  get cover(): Mount | undefined {
    return this.#children.get(this.root);
  }

  get readonly(): boolean {
    return (this.flags & MNT_READONLY) !== 0 || this.fileSystem.readonly;
  }

  attachTo(parent: Mount, mountpoint: Inode): void {
    this.parent = parent;
    this.mountpoint = mountpoint;
    parent.#children.delete(mountpoint);
    parent.#children.set(mountpoint, this);
  }

  detach(): void {
    const { parent, mountpoint } = this;
    if (parent === undefined || mountpoint === undefined) return;
    // Another may have slid into its place already.
    if (parent.#children.get(mountpoint) === this) parent.#children.delete(mountpoint);
    this.parent = undefined;
    this.mountpoint = undefined;
  }

  /** This mount and all below it, each before what is on it. */
  *tree(): Generator<Mount> {
    yield this;
    for (const child of this.children) yield* child.tree();
  }

  /** Whether this mount is the other or one of those it is mounted on. */
  isAbove(other: Mount): boolean {
    for (let at: Mount | undefined = other; at !== undefined; at = at.parent) {
      if (at === this) return true;
    }
    return false;
  }
}
