import { S_IFDIR } from '../../file-flags.js';
import type { FileSystem } from '../file-system.js';
import { adoptDevpts } from '../filesystems/devpts.js';
import { cgroup2Traits, mqueueTraits, sysfsTraits } from '../filesystems/kernel-objects.js';
import { fillProc, procTraits } from '../filesystems/proc.js';
import type { Inode } from '../inode.js';
import type { Kernel } from '../kernel.js';
import type { Mount } from '../mount.js';
import type { PeerGroup } from '../peer-group.js';
import { MOUNT_FLAGS, type MountFlagName } from '../seed-mounts.js';
import type { HostReader } from './host-reader.js';
import { hideBelowMount, hostDirectory, showHostFile } from './host-tree.js';

/** One line of mountinfo (proc_pid_mountinfo(5)). */
interface Line {
  readonly id: string;
  readonly parent: string;
  readonly device: string;
  readonly root: string;
  readonly point: string;
  readonly flags: readonly string[];
  readonly optional: readonly string[];
  readonly type: string;
  readonly source: string;
  readonly superOptions: string;
}

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
    const lines = this.reader.mountinfo().split('\n').filter((line) => line !== '').map(parseLine);
    const known = new Set(lines.map((line) => line.id));
    const children = new Map<string, Line[]>();
    for (const line of lines) {
      const parent = known.has(line.parent) && line.parent !== line.id ? line.parent : '';
      children.set(parent, [...(children.get(parent) ?? []), line]);
    }
    const [rootLine] = children.get('') ?? [];
    if (rootLine === undefined) throw new Error('/proc/self/mountinfo has no root');
    const root = this.#mount(rootLine, below, below.root);
    this.#mountChildren(rootLine, root, children);
    return root;
  }

  #mountChildren(line: Line, parent: Mount, children: ReadonlyMap<string, readonly Line[]>): void {
    for (const child of children.get(line.id) ?? []) {
      const mountpoint = this.#below(parent.root, relative(line.point, child.point));
      const mount = this.#mount(child, parent, mountpoint);
      hideBelowMount(mountpoint, child.point);
      this.#mountChildren(child, mount, children);
    }
  }

  #mount(line: Line, parent: Mount, mountpoint: Inode): Mount {
    const fileSystem = this.#fileSystem(line);
    const mount = this.kernel.createMount(fileSystem, line.source, this.#rootOf(line, fileSystem));
    mount.flags = line.flags.reduce((sum, name) => sum | (MOUNT_FLAGS[name as MountFlagName] ?? 0), 0);
    mount.attachTo(parent, mountpoint);
    parent.namespace?.take(mount);
    this.#setPropagation(mount, line.optional);
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

  #fileSystem(line: Line): FileSystem {
    const known = this.#fileSystems.get(line.device);
    if (known !== undefined) return known;
    const created = this.#createFileSystem(line);
    this.#fileSystems.set(line.device, created);
    created.readonly = line.superOptions.split(',')[0] === 'ro';
    const options = line.superOptions.split(',').slice(1).join(',');
    created.options = options === '' ? '' : `,${options}`;
    return created;
  }

  #createFileSystem({ type, point }: Line): FileSystem {
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
      case 'cgroup2': {
        const cgroup2 = kernel.createFileSystem(cgroup2Traits, owner, 0o555);
        kernel.singletons.set('cgroup2', cgroup2);
        return cgroup2;
      }
      case 'devpts':
        return adoptDevpts(kernel, owner);
      default:
        return kernel.createFileSystem({ type, magic: reader.magic(point) }, owner);
    }
  }

  // Several mounts may show parts of one file system: a file of it is one file in the model too.
  #rootOf({ root, point, type }: Line, fileSystem: FileSystem): Inode {
    const inode = this.#below(fileSystem.root, root.split('/').filter((name) => name !== ''));
    if (type === 'proc' || inode.source !== undefined) return inode;
    const file = this.reader.stat(point);
    return file === undefined ? inode : showHostFile(this.reader, inode, point, file);
  }

  // What no mount shows is there all the same: the way to what one shows.
  #below(top: Inode, names: readonly string[]): Inode {
    return names.reduce((at, name) => {
      const known = at.entry(name);
      if (known !== undefined) return known;
      const made = at.fileSystem.inode(S_IFDIR | 0o755, 0, 0);
      at.add(name, made);
      return made;
    }, top);
  }
}

function relative(from: string, to: string): string[] {
  const prefix = from === '/' ? '' : from;
  return to.slice(prefix.length).split('/').filter((name) => name !== '');
}

function parseLine(text: string): Line {
  const fields = text.split(' ').map(unescape);
  const dash = fields.indexOf('-', 6);
  const at = (index: number): string => fields[index] ?? '';
  return {
    id: at(0),
    parent: at(1),
    device: at(2),
    root: at(3),
    point: at(4),
    flags: at(5).split(','),
    optional: fields.slice(6, dash),
    type: at(dash + 1),
    source: at(dash + 2),
    superOptions: at(dash + 3),
  };
}

const unescape = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
