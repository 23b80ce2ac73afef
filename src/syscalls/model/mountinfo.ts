import { buildPath, pathInFileSystem } from './display-path.js';
import type { FileSystem } from './file-system.js';
import { isUnder, type Location } from './location.js';
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
import type { PeerGroup } from './peer-group.js';
import type { Process } from './process.js';

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [MNT_NOSUID, 'nosuid'],
  [MNT_NODEV, 'nodev'],
  [MNT_NOEXEC, 'noexec'],
  [MNT_NOATIME, 'noatime'],
  [MNT_NODIRATIME, 'nodiratime'],
  [MNT_RELATIME, 'relatime'],
  [MNT_NOSYMFOLLOW, 'nosymfollow'],
];

/** /proc/PID/mountinfo (proc_pid_mountinfo(5)): what can be reached from the process's root. */
export function formatMountinfo(process: Process): string {
  const mounts = [...process.mountNamespace.mounts].sort((a, b) => a.id - b.id);
  return mounts.map((mount) => formatLine(process, mount)).join('');
}

function formatLine(process: Process, mount: Mount): string {
  const { path, end } = buildPath(process, { mount, inode: mount.root }, process.root);
  if (end !== 'root') return '';
  const { fileSystem } = mount;
  const { major, minor } = fileSystem.device;
  const fields = [
    mount.id,
    (mount.parent ?? mount).id,
    `${major}:${minor}`,
    escape(pathInFileSystem(mount.root)),
    escape(path),
    mountOptions(mount),
    ...propagationFields(process, mount),
    '-',
    fileSystem.traits.type,
    escape(mount.source ?? 'none'),
    fileSystemOptions(fileSystem),
  ];
  return `${fields.join(' ')}\n`;
}

function mountOptions(mount: Mount): string {
  const access = (mount.flags & MNT_READONLY) === 0 ? 'rw' : 'ro';
  const set = FLAG_NAMES.filter(([flag]) => (mount.flags & flag) !== 0).map(([, name]) => name);
  return [access, ...set, ...(mount.idmap === undefined ? [] : ['idmapped'])].join(',');
}

function fileSystemOptions(fileSystem: FileSystem): string {
  let shown = fileSystem.readonly ? 'ro' : 'rw';
  if (fileSystem.synchronous) shown += ',sync';
  if (fileSystem.directorySynchronous) shown += ',dirsync';
  if (fileSystem.lazyTime) shown += ',lazytime';
  return shown + fileSystem.options;
}

function propagationFields(process: Process, mount: Mount): string[] {
  const fields: string[] = [];
  if (mount.group !== undefined) fields.push(`shared:${mount.group.id}`);
  if (mount.master !== undefined) {
    fields.push(`master:${mount.master.id}`);
    const visible = visibleMaster(process, mount, mount.master);
    if (visible !== undefined && visible !== mount.master)
      fields.push(`propagate_from:${visible.id}`);
  }
  if (mount.unbindable) fields.push('unbindable');
  return fields;
}

// The closest group up the chain of masters that has a mount under the root of who asks.
function visibleMaster(process: Process, mount: Mount, nearest: PeerGroup): PeerGroup | undefined {
  let group: PeerGroup | undefined = nearest;
  while (group !== undefined) {
    const members: Mount[] = [...group.members];
    if (members.some((member) => isVisible(process.root, mount, member))) return group;
    group = members[0]?.master;
  }
  return undefined;
}

function isVisible(root: Location, mount: Mount, member: Mount): boolean {
  return (
    member.namespace === mount.namespace && isUnder({ mount: member, inode: member.root }, root)
  );
}

function escape(text: string): string {
  return text.replace(/[ \t\n\\]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
