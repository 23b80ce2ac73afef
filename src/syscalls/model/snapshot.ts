import { S_IFMT } from '../file-flags.js';
import { buildPath, displayPath, pathInFileSystem } from './display-path.js';
import type { FileSystem } from './file-system.js';
import type { Inode } from './inode.js';
import type { Kernel } from './kernel.js';
import type { Mount } from './mount.js';
import type { MountNamespace } from './mount-namespace.js';

/**
 * The whole machine as lines that two moments can be compared by: where the thread stands, its
 * umask and descriptors, every mount of every namespace, every file of every mounted file system.
 * Times and sizes of directories are left out, and what the kernel itself shows in proc and sysfs.
 *
 * Of the thread's own mount namespace propagation is left out too: a mount that has left its peer
 * group cannot be put back into it, and nobody outside sees that it has.
 */
export function snapshotLines(kernel: Kernel): string[] {
  const { process } = kernel;
  const lines = [
    `umask 0${process.umask.toString(8)}`,
    `cwd ${displayPath(process, process.cwd)}`,
    `root ${displayPath(process, process.root)}`,
    `hostname ${process.namespaces.uts.hostname} ${process.namespaces.uts.domainname}`,
  ];
  for (const [fd, { file, closeOnExec }] of process.files.entries()) {
    const path = displayPath(process, file.location);
    lines.push(`descriptor ${fd} ${path}${closeOnExec ? '' : ' (kept by execve)'}`);
  }
  const fileSystems = new Set<FileSystem>();
  [...kernel.mountNamespaces].forEach((namespace, index) => {
    const own = namespace === process.mountNamespace;
    const name = own ? 'mount' : `mount of namespace ${index + 1}`;
    lines.push(...mountLines(kernel, namespace, name, own));
    for (const mount of namespace.mounts) fileSystems.add(mount.fileSystem);
  });
  for (const fileSystem of fileSystems) addFiles(fileSystem, lines);
  return lines;
}

function mountLines(
  kernel: Kernel,
  namespace: MountNamespace,
  name: string,
  own: boolean,
): string[] {
  if (namespace.root === undefined) return [];
  const top = { mount: namespace.root, inode: namespace.root.root };
  return [...namespace.root.tree()].map((mount) => {
    const { path } = buildPath(kernel.process, { mount, inode: mount.root }, top);
    const device = deviceOf(mount.fileSystem);
    const flags = `flags ${mount.flags}${mount.locked ? ' locked' : ''}`;
    const shown = `${name} ${path} of ${mount.fileSystem.traits.type} ${device} ${pathInFileSystem(mount.root)} ${flags}`;
    return own ? shown : `${shown} ${propagationOf(mount)}`;
  });
}

const deviceOf = ({ device: { major, minor } }: FileSystem): string => `${major}:${minor}`;

function propagationOf({ group, master, unbindable }: Mount): string {
  return `shared ${group?.id ?? '-'} slave ${master?.id ?? '-'}${unbindable ? ' unbindable' : ''}`;
}

function addFiles(fileSystem: FileSystem, lines: string[]): void {
  if (fileSystem.traits.revealing === true) return;
  const prefix = `file ${fileSystem.traits.type} ${deviceOf(fileSystem)} `;
  const walk = (inode: Inode, path: string): void => {
    lines.push(prefix + describe(inode, path));
    for (const name of inode.names()) {
      const child = inode.entry(name);
      if (child !== undefined) walk(child, path === '/' ? `/${name}` : `${path}/${name}`);
    }
  };
  walk(fileSystem.root, '/');
}

function describe(inode: Inode, path: string): string {
  const type = (inode.type / 0o10000).toString(8);
  const mode = `type ${type} mode 0${(inode.mode & ~S_IFMT).toString(8)}`;
  const owner = `owner ${inode.uid}:${inode.gid}`;
  if (inode.isLink) return `${path} ${mode} ${owner} to ${inode.target}`;
  if (inode.isDevice)
    return `${path} ${mode} ${owner} device ${inode.rdev.major}:${inode.rdev.minor}`;
  if (!inode.isFile || inode.generate !== undefined) return `${path} ${mode} ${owner}`;
  return `${path} ${mode} ${owner} content ${JSON.stringify(new TextDecoder('latin1').decode(inode.read()))}`;
}
