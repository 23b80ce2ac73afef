import { RAMFS_MAGIC } from '../file-system-magic.js';
import { O_RDWR } from '../file-flags.js';
import { copyMountNamespace } from './copy-namespace.js';
import { ALL_CAPABILITIES, Credentials, type Capability } from './credentials.js';
import { DEFAULT_MOUNTS, DEFAULT_TREE } from './default-host.js';
import { HostMounts } from './host/host-mounts.js';
import { namespaceNumber, type HostReader } from './host/host-reader.js';
import { Kernel, rootCredentials } from './kernel.js';
import type { Location } from './location.js';
import { MNT_RELATIME } from './mount.js';
import { SimpleNamespace } from './namespaces.js';
import { OpenFile } from './open-file.js';
import type { PropagationType } from './peer-group.js';
import { Process, type ProcessNamespaces } from './process.js';
import { MountSeeder, seedFileSystem, type SeedMount } from './seed-mounts.js';
import { plantTree, type SeedTree } from './seed-tree.js';
import { UserNamespace, type IdRange } from './user-namespace.js';
import { lookup } from './walk.js';

/** Namespaces that a process may have of its own when the model starts. */
export type OwnNamespace = 'pid' | 'net' | 'ipc' | 'uts' | 'cgroup';

/** Who the modelled thread is. */
export interface SeedCredentials {
  /** In its own user namespace; 0 unless given. */
  readonly uid?: number;
  readonly gid?: number;
  readonly groups?: readonly number[];
  /** All for user 0 and for a user namespace of its own, none for others, unless given. */
  readonly capabilities?: readonly Capability[];
  /** A user namespace of its own, with a mount namespace that belongs to it. */
  readonly userNamespace?: {
    /** The user of the machine who made it. */
    readonly owner: number;
    readonly uidMap: readonly IdRange[];
    readonly gidMap: readonly IdRange[];
  };
  /** Namespaces of its own, which its user namespace governs. */
  readonly own?: readonly OwnNamespace[];
}

/** The machine that the model starts as. */
export interface SeedMachine {
  /** The file system of `/`; `ext4` unless given. */
  readonly rootType?: string;
  /** How `/` takes part in propagation; `shared` unless given, as systemd has it. */
  readonly rootPropagation?: PropagationType;
  /** Mounts beside `/`, in order; those of a small machine unless given. */
  readonly mounts?: readonly SeedMount[];
  /** Files beside those of a small machine. */
  readonly files?: SeedTree;
  /** Start without the files of a small machine. */
  readonly bare?: boolean;
  readonly credentials?: SeedCredentials;
  /** Start as a copy of a real machine: reads go through to it, writes stay in the model. */
  readonly host?: HostReader;
  readonly hostname?: string;
  /** Bytes, of which a tmpfs may take a part; those of `host`, or 4 GiB, unless given. */
  readonly memory?: number;
}

/** Starts a machine: the root file system on a hidden one, as after an initramfs. */
export function boot(seed: SeedMachine): Kernel {
  const kernel = new Kernel();
  mountHidden(kernel, seed.host);
  if (seed.host === undefined) bootSmall(kernel, seed);
  else bootFromHost(kernel, seed.host);
  plantTree(kernel, seed.files ?? {});
  openStandardDescriptors(kernel);
  if (seed.hostname !== undefined) kernel.process.namespaces.uts.hostname = seed.hostname;
  const { memory } = seed;
  if (memory !== undefined) kernel.memory = () => memory;
  if (seed.credentials !== undefined) become(kernel, seed.credentials);
  return kernel;
}

function bootSmall(kernel: Kernel, seed: SeedMachine): void {
  mountRoot(kernel, seed);
  const seeder = new MountSeeder(kernel);
  const bare = seed.bare === true;
  for (const mount of seed.mounts ?? (bare ? [] : DEFAULT_MOUNTS)) seeder.mount(mount);
  if (!bare) plantTree(kernel, DEFAULT_TREE);
}

// What is mounted on the machine is mounted in the model, and read from there when it is wanted.
function bootFromHost(kernel: Kernel, reader: HostReader): void {
  const { process } = kernel;
  const root = new HostMounts(kernel, reader).mountAll(process.root.mount);
  process.root = { mount: root, inode: root.root };
  process.cwd = lookup(process, process.root, reader.cwd(), { follow: true });
  const text = (path: string): string => new TextDecoder().decode(reader.content(path));
  process.namespaces.uts.hostname = text('/proc/sys/kernel/hostname').trim();
  kernel.memory = () =>
    Number(/^MemTotal:\s*(\d+) kB/m.exec(text('/proc/meminfo'))?.[1] ?? 0) * 1024;
  // A kernel without control groups has no such file.
  if (reader.stat('/proc/self/cgroup') !== undefined)
    kernel.machineControlGroups = text('/proc/self/cgroup');
  process.umask = Number.parseInt(
    /^Umask:\s*(\d+)/m.exec(text('/proc/self/status'))?.[1] ?? '022',
    8,
  );
}

function mountHidden(kernel: Kernel, reader: HostReader | undefined): void {
  const owner = kernel.initialUserNamespace;
  const namespace = kernel.createMountNamespace(owner);
  namespace.inhabited = true;
  const hidden = kernel.createMount(
    kernel.createFileSystem({ type: 'rootfs', magic: RAMFS_MAGIC }, owner),
    'rootfs',
  );
  hidden.flags = MNT_RELATIME;
  namespace.root = hidden;
  namespace.take(hidden);
  const start = { mount: hidden, inode: hidden.root };
  const namespaces = initialNamespaces(kernel, reader);
  kernel.initialNamespaces = { ...namespaces };
  kernel.process = new Process(
    start,
    start,
    namespace,
    namespaces,
    rootCredentials(owner, ALL_CAPABILITIES),
  );
}

function mountRoot(
  kernel: Kernel,
  { rootType = 'ext4', rootPropagation = 'shared' }: SeedMachine,
): void {
  const { mount: hidden } = kernel.process.root;
  const root = kernel.createMount(seedFileSystem(kernel, rootType, ''), '/dev/vda');
  root.flags = MNT_RELATIME;
  root.attachTo(hidden, hidden.root);
  hidden.namespace?.take(root);
  kernel.groups.change(root, rootPropagation);
  kernel.process.root = { mount: root, inode: root.root };
  kernel.process.cwd = kernel.process.root;
}

// A step may ask whether a namespace is the machine's, by the number that it has there.
function initialNamespaces(kernel: Kernel, reader: HostReader | undefined): ProcessNamespaces {
  const create = (kind: SimpleNamespace['kind']): SimpleNamespace => {
    const inum = (reader && namespaceNumber(reader, kind)) ?? kernel.allocateInum();
    return new SimpleNamespace(inum, kind, kernel.initialUserNamespace);
  };
  const pid = create('pid');
  return {
    pid,
    pidForChildren: pid,
    net: create('net'),
    ipc: create('ipc'),
    uts: create('uts'),
    cgroup: create('cgroup'),
    time: create('time'),
  };
}

function openStandardDescriptors(kernel: Kernel): void {
  const { process } = kernel;
  const location = nullDevice(kernel) ?? process.root;
  for (let fd = 0; fd < 3; fd += 1) process.files.install(new OpenFile(location, O_RDWR), false);
}

function nullDevice({ process }: Kernel): Location | undefined {
  try {
    return lookup(process, process.root, '/dev/null', { follow: true });
  } catch {
    return undefined;
  }
}

function become(kernel: Kernel, seed: SeedCredentials): void {
  const { process } = kernel;
  const own = seed.userNamespace;
  const namespace = own
    ? new UserNamespace(kernel.initialUserNamespace, own.owner, own.uidMap, own.gidMap)
    : kernel.initialUserNamespace;
  const uid = namespace.kernelUid(seed.uid ?? 0) ?? 65534;
  const gid = namespace.kernelGid(seed.gid ?? 0) ?? 65534;
  const privileged = own !== undefined || uid === 0;
  const capabilities = seed.capabilities ?? (privileged ? [...ALL_CAPABILITIES] : []);
  const groups = (seed.groups ?? []).map((group) => namespace.kernelGid(group) ?? 65534);
  process.credentials = new Credentials(namespace, uid, gid, groups, new Set(capabilities));
  for (const kind of seed.own ?? []) ownNamespace(kernel, kind, namespace);
  // As unshare -Um: what the machine has mounted is copied, follows it, and is locked.
  if (own !== undefined) copyMountNamespace(kernel, namespace);
}

function ownNamespace(kernel: Kernel, kind: OwnNamespace, owner: UserNamespace): void {
  const { namespaces } = kernel.process;
  const fresh = new SimpleNamespace(
    kernel.allocateInum(),
    kind,
    owner,
    kind === 'pid' ? namespaces.pid : undefined,
  );
  fresh.hostname = namespaces.uts.hostname;
  namespaces[kind] = fresh;
  if (kind === 'pid') namespaces.pidForChildren = fresh;
}
