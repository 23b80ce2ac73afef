import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  attachMount,
  checkDevice,
  createMount,
  flags,
  hostPath,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  OPEN_TREE_AT_EMPTY_PATH,
  OPEN_TREE_AT_SYMLINK_NOFOLLOW,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  orClose,
  S_IFCHR,
  S_IFDIR,
  S_IFMT,
  STATX_BASIC_STATS,
  STATX_MNT_ID,
  type Fd,
  type StepContext,
  type Syscalls,
} from 'nsinit';

const CLONE = flags(OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC);
const LOOK = flags(STATX_BASIC_STATS, STATX_MNT_ID);

/** Hides files and directories: each kind under one mount that is attached again and again. */
export class Masks {
  /** The empty directory, once it is attached somewhere. */
  #directory: Fd | undefined;
  /** The null device of the host, as a mount that nothing can be changed through. */
  #null: Fd | undefined;
  readonly #mounts = new Set<bigint>();

  constructor(
    private readonly sys: Syscalls,
    private readonly context: StepContext,
  ) {}

  /** Hides what a descriptor names. Twice is once. @throws SyscallError, NsinitError. */
  hide(place: Fd): void {
    const { mode, mntId } = this.sys.statx(place, '', AT_EMPTY_PATH, LOOK);
    if (this.#mounts.has(mntId)) return;
    const directory = (mode & S_IFMT) === S_IFDIR;
    const mask = this.context.keep(directory ? this.#nextDirectory() : this.#nextNull());
    attachMount(this.sys, this.context, mask, place, { attributes: MOUNT_ATTR_RDONLY });
    if (directory) this.#directory ??= mask;
    else this.#null ??= mask;
    this.#mounts.add(this.sys.statx(mask, '', AT_EMPTY_PATH, LOOK).mntId);
  }

  /** A copy of what is attached already: a detached mount cannot be copied before Linux 6.15. */
  #again(mask: Fd): Fd {
    return this.sys.open_tree(mask, '', flags(CLONE, OPEN_TREE_AT_EMPTY_PATH));
  }

  #nextDirectory(): Fd {
    if (this.#directory !== undefined) return this.#again(this.#directory);
    // One inode is the root directory: nothing can be made in it, whoever remounts it.
    return createMount(this.sys, {
      fstype: 'tmpfs',
      source: 'tmpfs',
      attributes: flags(MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC),
      options: { nr_blocks: '1', nr_inodes: '1', mode: '0555' },
    });
  }

  #nextNull(): Fd {
    if (this.#null !== undefined) return this.#again(this.#null);
    const { sys } = this;
    const how = flags(CLONE, OPEN_TREE_AT_SYMLINK_NOFOLLOW);
    const tree = sys.open_tree(AT_FDCWD, hostPath('/dev/null'), how);
    return orClose(sys, tree, () => {
      // What was opened is looked at, and not what stands under the name (CVE-2025-31133).
      checkDevice(sys, tree, '/dev/null', { type: S_IFCHR, number: { major: 1, minor: 3 } });
      // Read-only, or the container could change mode and owner of the host's node through it.
      const attr_set = flags(MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NOEXEC);
      sys.mount_setattr(tree, '', AT_EMPTY_PATH, { attr_set });
      return tree;
    });
  }
}
