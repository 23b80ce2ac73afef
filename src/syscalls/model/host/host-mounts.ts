import { S_IFDIR } from '../../file-flags.js';
import { parseMountinfo, type MountinfoEntry } from '../../mountinfo.js';
import type { FileSystem } from '../file-system.js';
import { adoptDevpts } from '../filesystems/devpts.js';
import {
  adoptHierarchy,
  cgroup2Traits,
  mqueueTraits,
  sysfsTraits,
} from '../filesystems/kernel-objects.js';
import { fillProc, procTraits } from '../filesystems/proc.js';
import type { Inode } from '../inode.js';
import type { Kernel } from '../kernel.js';
import type { Mount } from '../mount.js';
import type { PeerGroup } from '../peer-group.js';
import { MOUNT_FLAGS, type MountFlagName } from '../seed-mounts.js';
import { HostUnreadableError, type HostFile, type HostReader } from './host-reader.js';
import { hideBelowMount, hostDirectory, showHostFile } from './host-tree.js';

/** Stands for the parent of a mount whose parent is not shown. */
const NO_PARENT = -1;

/** Mounts in the model what is mounted on the real machine, with all that mountinfo tells. */
export class HostMounts {
  readonly #fileSystems = new Map<string, FileSystem>();
  readonly #groups = new Map<string, PeerGroup>();

  constructor(
    private readonly kernel: Kernel,
    private readonly reader: HostReader,
  ) {}

  /** @returns the mount that is the root of this process. */
  mountAll(below: Mount): Mount {
    const lines = parseMountinfo(this.reader.mountinfo());
    const known = new Set(lines.map((line) => line.id));
    const children = new Map<number, MountinfoEntry[]>();
    for (const line of lines) {
      const parent = known.has(line.parent) && line.parent !== line.id ? line.parent : NO_PARENT;
      const siblings = children.get(parent);
      if (siblings === undefined) children.set(parent, [line]);
      else siblings.push(line);
    }
    const [rootLine] = children.get(NO_PARENT) ?? [];
    if (rootLine === undefined) throw new Error('/proc/self/mountinfo has no root');
    const root = this.#mount(rootLine, below, below.root);
    this.#mountChildren(rootLine, root, children);
    return root;
  }

  #mountChildren(
    line: MountinfoEntry,
    parent: Mount,
    children: ReadonlyMap<number, readonly MountinfoEntry[]>,
  ): void {
    for (const child of children.get(line.id) ?? []) {
      const mountpoint = this.#below(parent.root, relative(line.mountPoint, child.mountPoint));
      const mount = this.#mount(child, parent, mountpoint);
      hideBelowMount(mountpoint, child.mountPoint, (text) => this.kernel.assumptions.add(text));
      mountpoint.permanentlyEmpty = isPlaceForMount(line, child);
      this.#mountChildren(child, mount, children);
    }
  }

  #mount(line: MountinfoEntry, parent: Mount, mountpoint: Inode): Mount {
    const fileSystem = this.#fileSystem(line);
    const mount = this.kernel.createMount(fileSystem, line.source, this.#rootOf(line, fileSystem));
    mount.flags = line.options
      .split(',')
      .reduce((sum, name) => sum | (MOUNT_FLAGS[name as MountFlagName] ?? 0), 0);
    mount.attachTo(parent, mountpoint);
    parent.namespace?.take(mount);
    this.#setPropagation(mount, line.propagation);
    return mount;
  }

  #setPropagation(mount: Mount, optional: readonly string[]): void {
    const { groups } = this.kernel;
    for (const field of optional) {
      const [kind, id = ''] = field.split(':');
      if (kind === 'unbindable') mount.unbindable = true;
      if (kind !== 'shared' && kind !== 'master') continue;
      const group = this.#groups.get(id) ?? groups.create();
      this.#groups.set(id, group);
      if (kind === 'shared') groups.join(mount, group);
      else groups.follow(mount, group);
    }
  }

  #fileSystem(line: MountinfoEntry): FileSystem {
    const known = this.#fileSystems.get(line.device);
    if (known !== undefined) return known;
    const created = this.#createFileSystem(line);
    this.#fileSystems.set(line.device, created);
    created.readonly = line.superOptions.split(',')[0] === 'ro';
    const options = line.superOptions.split(',').slice(1).join(',');
    created.options = options === '' ? '' : `,${options}`;
    return created;
  }

  #createFileSystem({ fstype: type, mountPoint: point, superOptions }: MountinfoEntry): FileSystem {
    const { kernel, reader } = this;
    const owner = kernel.initialUserNamespace;
    const { net, ipc, pid } = kernel.process.namespaces;
    switch (type) {
      case 'proc': {
        const proc = kernel.createFileSystem(procTraits, owner, 0o555);
        kernel.machineProc ??= (fileSystem) => hostDirectory(reader, fileSystem, point);
        fillProc(kernel, proc, pid, false);
        return proc;
      }
      case 'sysfs':
        return (net.fileSystem ??= kernel.createFileSystem(sysfsTraits, owner, 0o555));
      case 'mqueue':
        return (ipc.fileSystem ??= kernel.createFileSystem(mqueueTraits, owner, 0o1777));
      case 'cgroup':
        return adoptHierarchy(kernel, superOptions);
      case 'cgroup2': {
        const cgroup2 = kernel.createFileSystem(cgroup2Traits, owner, 0o555);
        kernel.singletons.set('cgroup2', cgroup2);
        return cgroup2;
      }
      case 'devpts':
        return adoptDevpts(kernel, owner);
      default:
        // Asked for late: not every mount is where this user may look.
        return kernel.createFileSystem(
          {
            type,
            get magic() {
              return reader.magic(point);
            },
          },
          owner,
        );
    }
  }

  // Several mounts may show parts of one file system: a file of it is one file in the model too.
  #rootOf(
    { root, mountPoint: point, fstype: type }: MountinfoEntry,
    fileSystem: FileSystem,
  ): Inode {
    const inode = this.#below(
      fileSystem.root,
      root.split('/').filter((name) => name !== ''),
    );
    if (type === 'proc' || inode.source !== undefined) return inode;
    const file = this.#stat(point, inode);
    return file === undefined ? inode : showHostFile(this.reader, inode, point, file);
  }

  #stat(point: string, { mode, uid, gid, rdev }: Inode): HostFile | undefined {
    try {
      return this.reader.stat(point);
    } catch (error) {
      if (!(error instanceof HostUnreadableError)) throw error;
      this.kernel.assumptions.add(`${point}, which may not be looked at, is a directory`);
      return { mode, uid, gid, rdev, links: 2, size: 0, atimeNs: 0n, mtimeNs: 0n };
    }
  }

  // What no mount shows is there all the same: the way to what one shows.
  #below(top: Inode, names: readonly string[]): Inode {
    return names.reduce((at, name) => {
      const known = entryOf(at, name);
      if (known !== undefined) return known;
      const made = at.fileSystem.inode(S_IFDIR | 0o755, 0, 0);
      at.add(name, made);
      return made;
    }, top);
  }
}

// Directories that the kernel makes for mounts alone, by file system (sysfs_create_mount_point and
// proc_create_mount_point in the kernel's sources): a mount there hides nothing.
const PLACES: Readonly<Record<string, readonly string[]>> = {
  sysfs: [
    'firmware/efi/efivars',
    'fs/bpf',
    'fs/cgroup',
    'fs/fuse/connections',
    'fs/pstore',
    'fs/resctrl',
    'fs/selinux',
    'fs/smackfs',
    'kernel/config',
    'kernel/debug',
    'kernel/security',
    'kernel/tracing',
  ],
  proc: ['fs/nfsd', 'openprom', 'sys/fs/binfmt_misc'],
};

const isPlaceForMount = (on: MountinfoEntry, { mountPoint }: MountinfoEntry): boolean =>
  on.root === '/' &&
  PLACES[on.fstype]?.includes(relative(on.mountPoint, mountPoint).join('/')) === true;

// An ordinary user may not look below every directory that something is mounted in.
function entryOf(directory: Inode, name: string): Inode | undefined {
  try {
    return directory.entry(name);
  } catch (error) {
    if (error instanceof HostUnreadableError) return undefined;
    throw error;
  }
}

function relative(from: string, to: string): string[] {
  const prefix = from === '/' ? '' : from;
  return to
    .slice(prefix.length)
    .split('/')
    .filter((name) => name !== '');
}
