import {
  CGROUP_SUPER_MAGIC,
  CGROUP2_SUPER_MAGIC,
  MQUEUE_MAGIC,
  SYSFS_MAGIC,
} from '../../file-system-magic.js';
import { notModelled, refuse } from '../errors.js';
import type { FileSystem, FileSystemTraits } from '../file-system.js';
import type { FileSystemType, FsContext } from '../fs-context.js';
import type { Inode } from '../inode.js';
import type { Kernel } from '../kernel.js';
import { emptyDirectory, fillDirectory, fixedDirectory, generatedFile } from './generated.js';

/** File systems that show objects of the kernel: one for each namespace, or one for all. */

export const sysfsTraits: FileSystemTraits = {
  type: 'sysfs',
  magic: SYSFS_MAGIC,
  refuses: (what) => (what === 'file' ? 'EACCES' : 'EPERM'),
  revealing: true,
  noDevices: true,
};

/** Devices and drivers; which network devices, is of the network namespace (sysfs(5)). */
export const sysfs: FileSystemType = {
  name: 'sysfs',
  inUserNamespaces: true,
  owner: (kernel) => kernel.process.namespaces.net.owner,
  begin(kernel) {
    const { credentials, namespaces } = kernel.process;
    if (!credentials.capableIn(namespaces.net.owner, 'CAP_SYS_ADMIN')) refuse('EPERM');
  },
  option: () => false,
  create(context) {
    const { kernel } = context;
    const { net } = kernel.process.namespaces;
    context.reused = net.fileSystem !== undefined;
    net.fileSystem ??= fillSysfs(kernel.createFileSystem(sysfsTraits, net.owner, 0o555));
    return net.fileSystem;
  },
};

function fillSysfs(fileSystem: FileSystem): FileSystem {
  const empty = (): Inode => fixedDirectory(fileSystem, 0o555, {});
  const mountpoint = (): Inode => emptyDirectory(fileSystem);
  const names = ['block', 'bus', 'class', 'dev', 'devices', 'firmware', 'module', 'power'];
  fillDirectory(fileSystem.root, {
    ...Object.fromEntries(names.map((name) => [name, empty])),
    fs: () => fixedDirectory(fileSystem, 0o555, { cgroup: mountpoint, fuse: empty }),
    kernel: () =>
      fixedDirectory(fileSystem, 0o555, {
        debug: mountpoint,
        security: mountpoint,
        tracing: mountpoint,
      }),
  });
  return fileSystem;
}

export const mqueueTraits: FileSystemTraits = {
  type: 'mqueue',
  magic: MQUEUE_MAGIC,
  refuses: (what) => (what === 'file' ? undefined : 'EPERM'),
};

/** POSIX message queues of the IPC namespace (mq_overview(7)). */
export const mqueue: FileSystemType = {
  name: 'mqueue',
  inUserNamespaces: true,
  owner: (kernel) => kernel.process.namespaces.ipc.owner,
  option: () => false,
  create(context) {
    const { kernel } = context;
    const { ipc } = kernel.process.namespaces;
    context.reused = ipc.fileSystem !== undefined;
    ipc.fileSystem ??= kernel.createFileSystem(
      mqueueTraits,
      ipc.owner,
      0o1777,
      ...ownerOf(ipc.owner),
    );
    return ipc.fileSystem;
  },
};

function ownerOf(namespace: {
  kernelUid(id: number): number | undefined;
  kernelGid(id: number): number | undefined;
}): [number, number] {
  return [namespace.kernelUid(0) ?? 0, namespace.kernelGid(0) ?? 0];
}

export const cgroup2Traits: FileSystemTraits = {
  type: 'cgroup2',
  magic: CGROUP2_SUPER_MAGIC,
  refuses: (what) =>
    what === 'directory'
      ? notModelled('making control groups')
      : what === 'file'
        ? 'EACCES'
        : 'EPERM',
};

const CGROUP2_OPTIONS = [
  'nsdelegate',
  'favordynmods',
  'memory_localevents',
  'memory_recursiveprot',
  'memory_hugetlb_accounting',
  'pids_localevents',
];

/** Control groups (cgroups(7)); the tree is one for all, and the model shows its root empty. */
export const cgroup2: FileSystemType = {
  name: 'cgroup2',
  inUserNamespaces: true,
  owner: (kernel) => kernel.process.namespaces.cgroup.owner,
  option: (_, key) => CGROUP2_OPTIONS.includes(key) && notModelled(`the option ${key} of cgroup2`),
  create(context) {
    const { kernel } = context;
    const known = kernel.singletons.get('cgroup2');
    context.reused = known !== undefined;
    if (known !== undefined) return known;
    const fileSystem = kernel.createFileSystem(cgroup2Traits, kernel.initialUserNamespace, 0o555);
    const content = (): Inode =>
      generatedFile(fileSystem, 0o644, () => notModelled('the content of control group files'));
    fillDirectory(fileSystem.root, {
      'cgroup.procs': content,
      'cgroup.controllers': content,
      'cgroup.subtree_control': content,
    });
    kernel.singletons.set('cgroup2', fileSystem);
    return fileSystem;
  },
};

const CGROUP_CONTROLLERS: ReadonlySet<string> = new Set(
  'blkio cpu cpuacct cpuset devices freezer hugetlb memory misc net_cls net_prio perf_event pids rdma'.split(
    ' ',
  ),
);

const CGROUP_OPTIONS = [
  'all',
  'clone_children',
  'cpuset_v2_mode',
  'noprefix',
  'release_agent',
  'xattr',
];

/** The controllers, or the name, that a version 1 hierarchy was asked for by. */
const asked = new WeakMap<FsContext, Set<string>>();

/** Control groups of version 1: a hierarchy for each set of controllers (cgroups(7)). */
export const cgroup: FileSystemType = {
  name: 'cgroup',
  inUserNamespaces: true,
  owner: (kernel) => kernel.process.namespaces.cgroup.owner,

  option(context, key, value) {
    const wanted = asked.get(context) ?? new Set<string>();
    asked.set(context, wanted);
    if (key === 'name' && value.kind === 'string') wanted.add(`name=${value.text}`);
    else if (CGROUP_CONTROLLERS.has(key)) wanted.add(key);
    else if (key !== 'none')
      return CGROUP_OPTIONS.includes(key) && notModelled(`the option ${key} of cgroup`);
    return true;
  },

  create(context) {
    const { kernel } = context;
    const wanted = [...(asked.get(context) ?? [])].sort();
    if (wanted.length === 0) notModelled('a hierarchy of all controllers');
    const name = `cgroup:${wanted.join()}`;
    const known = kernel.singletons.get(name);
    context.reused = known !== undefined;
    if (known !== undefined) return known;
    // A controller is in one hierarchy at a time.
    for (const other of kernel.singletons.keys()) {
      if (!other.startsWith('cgroup:')) continue;
      if (
        other
          .slice(7)
          .split(',')
          .some((controller) => wanted.includes(controller))
      )
        refuse('EBUSY');
    }
    const fileSystem = hierarchy(kernel, wanted);
    const content = (): Inode =>
      generatedFile(fileSystem, 0o644, () => notModelled('the content of control group files'));
    fillDirectory(fileSystem.root, { 'cgroup.procs': content, tasks: content });
    return fileSystem;
  },
};

/** A hierarchy that is there from now on. */
function hierarchy(kernel: Kernel, controllers: readonly string[]): FileSystem {
  const traits = { ...cgroup2Traits, type: 'cgroup', magic: CGROUP_SUPER_MAGIC };
  const fileSystem = kernel.createFileSystem(traits, kernel.initialUserNamespace, 0o755);
  fileSystem.options = `,${controllers.join()}`;
  kernel.singletons.set(`cgroup:${controllers.join()}`, fileSystem);
  return fileSystem;
}

/** A hierarchy that the machine has mounted, by the options that mountinfo shows. */
export function adoptHierarchy(kernel: Kernel, shown: string): FileSystem {
  const controllers = shown
    .split(',')
    .filter((option) => CGROUP_CONTROLLERS.has(option) || option.startsWith('name='));
  const known = kernel.singletons.get(`cgroup:${controllers.sort().join()}`);
  return known ?? hierarchy(kernel, controllers);
}

/**
 * /proc/PID/cgroup: the process is where the machine has it. In a cgroup namespace of its own, and
 * where no machine is copied, it is in the uppermost group of each hierarchy.
 */
export function formatControlGroups(kernel: Kernel): string {
  const { singletons, machineControlGroups, initialNamespaces, process } = kernel;
  if (machineControlGroups !== undefined && process.namespaces.cgroup === initialNamespaces.cgroup)
    return machineControlGroups;
  const old = [...singletons.keys()].filter((name) => name.startsWith('cgroup:')).reverse();
  return [...old.map((name, index) => `${old.length - index}:${name.slice(7)}:/\n`), '0::/\n'].join(
    '',
  );
}
