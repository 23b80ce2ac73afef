import { CGROUP2_SUPER_MAGIC, MQUEUE_MAGIC, SYSFS_MAGIC } from '../../file-system-magic.js';
import { notModelled, refuse } from '../errors.js';
import type { FileSystem, FileSystemTraits } from '../file-system.js';
import type { FileSystemType } from '../fs-context.js';
import type { Inode } from '../inode.js';
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
  option: (_, key) => CGROUP2_OPTIONS.includes(key),
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
