import { lockMountpoint } from './attach.js';
import { cloneMount, copyTree } from './clone-mount.js';
import type { FileSystem } from './file-system.js';
import { fileSystemType } from './filesystems/registry.js';
import { applySuperFlags, createTree, FsContext, setOptionString } from './fs-context.js';
import type { Kernel } from './kernel.js';
import type { Location } from './location.js';
import { lockTree } from './locks.js';
import {
  MNT_NOATIME,
  MNT_NODEV,
  MNT_NODIRATIME,
  MNT_NOEXEC,
  MNT_NOSUID,
  MNT_NOSYMFOLLOW,
  MNT_READONLY,
  MNT_RELATIME,
  type Mount,
} from './mount.js';
import { directory, plantFile } from './seed-tree.js';
import type { PeerGroup, PropagationType } from './peer-group.js';
import { startOf } from './calls/places.js';
import { lookup } from './walk.js';

/** Flags of a mount under the names that mountinfo has for them. */
export type MountFlagName =
  'ro' | 'nosuid' | 'nodev' | 'noexec' | 'noatime' | 'nodiratime' | 'relatime' | 'nosymfollow';

export const MOUNT_FLAGS: Readonly<Record<MountFlagName, number>> = {
  ro: MNT_READONLY,
  nosuid: MNT_NOSUID,
  nodev: MNT_NODEV,
  noexec: MNT_NOEXEC,
  noatime: MNT_NOATIME,
  nodiratime: MNT_NODIRATIME,
  relatime: MNT_RELATIME,
  nosymfollow: MNT_NOSYMFOLLOW,
};

/** A mount that is there when the model starts. */
export interface SeedMount {
  /** Where; the directory is made when it is missing. */
  readonly at: string;
  /** What is mounted: a type of file system, or with `bind` a path whose tree is shown again. */
  readonly type?: string;
  readonly bind?: string;
  /** With `bind`: also what is mounted below it. */
  readonly recursive?: boolean;
  readonly source?: string;
  /** As the data of mount(2). */
  readonly options?: string;
  /** `relatime` unless given. */
  readonly flags?: readonly MountFlagName[];
  /** `private` unless given. */
  readonly propagation?: PropagationType;
  /** Mounts with the same name here are peers. */
  readonly peers?: string;
  /** The name of the peer group that it is a slave of. */
  readonly master?: string;
  /** Set by a more privileged user namespace: may not be unmounted, its flags not taken back. */
  readonly locked?: boolean;
}

/** Magic numbers of file systems on disk and of the machine's `/dev` (linux/magic.h). */
const MAGICS: Readonly<Record<string, number>> = {
  devtmpfs: 0x01021994,
  ext4: 0xef53,
  btrfs: 0x9123683e,
  xfs: 0x58465342,
};

/** Mounts what is there when the model starts. */
export class MountSeeder {
  readonly #groups = new Map<string, PeerGroup>();

  constructor(private readonly kernel: Kernel) {}

  mount(seed: SeedMount): Mount {
    const place = this.#place(seed.at);
    const mount = seed.bind === undefined ? this.#create(seed) : this.#copy(seed, seed.bind);
    mount.flags = (seed.flags ?? ['relatime']).reduce((sum, name) => sum | MOUNT_FLAGS[name], 0);
    mount.attachTo(place.mount, place.inode);
    place.mount.namespace?.take(mount);
    this.#setPropagation(mount, seed);
    if (seed.locked === true) {
      lockTree(mount);
      mount.locked = true;
    }
    return mount;
  }

  #place(path: string): Location {
    const { process } = this.kernel;
    plantFileUnlessThere(this.kernel, path);
    return lockMountpoint(lookup(process, process.root, path, { follow: true }));
  }

  #create({ type = 'tmpfs', options = '', source = type }: SeedMount): Mount {
    return this.kernel.createMount(seedFileSystem(this.kernel, type, options), source);
  }

  #copy(seed: SeedMount, path: string): Mount {
    const from = lookup(this.kernel.process, startOf(this.kernel, -100, path), path, {
      follow: true,
    });
    return seed.recursive === true
      ? copyTree(this.kernel, from.mount, from.inode, { unbindable: true })
      : cloneMount(this.kernel, from.mount, from.inode, {});
  }

  #setPropagation(mount: Mount, { propagation, peers, master }: SeedMount): void {
    const { groups } = this.kernel;
    if (propagation !== undefined) groups.change(mount, propagation);
    if (peers !== undefined) {
      const known = this.#groups.get(peers);
      if (known !== undefined) {
        groups.change(mount, 'private');
        groups.join(mount, known);
      } else groups.share(mount);
      if (mount.group !== undefined) this.#groups.set(peers, mount.group);
    }
    if (master !== undefined) groups.follow(mount, this.#groups.get(master));
  }
}

function plantFileUnlessThere(kernel: Kernel, path: string): void {
  try {
    lookup(kernel.process, kernel.process.root, path, { follow: true });
  } catch {
    plantFile(kernel, path, directory());
  }
}

/** A file system of any type, those included that the model cannot mount by itself. */
export function seedFileSystem(kernel: Kernel, type: string, options: string): FileSystem {
  const magic = MAGICS[type];
  if (magic !== undefined) {
    const traits = { type, magic };
    const fileSystem = kernel.createFileSystem(traits, kernel.initialUserNamespace);
    fileSystem.options = options === '' ? '' : `,${options}`;
    return fileSystem;
  }
  const context = new FsContext(kernel, fileSystemType(type));
  setOptionString(context, options);
  const fileSystem = createTree(context);
  applySuperFlags(context, fileSystem);
  if (options !== '') fileSystem.options = `,${options}`;
  return fileSystem;
}
