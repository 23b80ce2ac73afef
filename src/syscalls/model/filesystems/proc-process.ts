import { S_IFDIR, S_IFLNK } from '../../file-flags.js';
import { ALL_CAPABILITIES, CAPABILITIES, type Capability } from '../credentials.js';
import { displayPath } from '../display-path.js';
import { formatControlGroups } from './kernel-objects.js';
import { notModelled, refuse } from '../errors.js';
import type { FileSystem } from '../file-system.js';
import type { Inode } from '../inode.js';
import type { Kernel } from '../kernel.js';
import type { Location } from '../location.js';
import { formatMountinfo } from '../mountinfo.js';
import type { Namespace, SimpleNamespace } from '../namespaces.js';
import { formatIdMap } from '../user-namespace.js';
import { fixedDirectory, generatedFile, type Entry } from './generated.js';

/** /proc/PID of the calling process (proc(5)). */
export function processDirectory(kernel: Kernel, fileSystem: FileSystem): Inode {
  const entries = ownedByProcess(kernel, processEntries(kernel, fileSystem));
  const directory = (inside: Readonly<Record<string, Entry>>): Inode =>
    own(kernel, fixedDirectory(fileSystem, 0o555, inside));
  const task = (): Inode => directory({ [String(kernel.process.pid)]: () => directory(entries) });
  return directory({ ...entries, task });
}

// What procfs shows of a process belongs to whom the process runs as.
function own({ process: { credentials } }: Kernel, inode: Inode): Inode {
  inode.uid = credentials.uid;
  inode.gid = credentials.gid;
  return inode;
}

function ownedByProcess(kernel: Kernel, entries: Record<string, Entry>): Record<string, Entry> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, make]) => [name, () => own(kernel, make())]),
  );
}

function processEntries(kernel: Kernel, fileSystem: FileSystem): Record<string, Entry> {
  const { process } = kernel;
  const file =
    (content: () => string, mode = 0o444) =>
    (): Inode =>
      generatedFile(fileSystem, mode, content);
  const link = (target: () => Location) => (): Inode => magicLink(kernel, fileSystem, target);
  const user = (): { uid: string; gid: string } => {
    const { uidMap, gidMap } = process.credentials.userNamespace;
    return { uid: formatIdMap(uidMap), gid: formatIdMap(gidMap) };
  };
  return {
    fd: () => descriptorDirectory(kernel, fileSystem),
    ns: () => namespaceDirectory(kernel, fileSystem),
    mountinfo: file(() => formatMountinfo(process)),
    mounts: file(() => notModelled('/proc/PID/mounts; mountinfo says more')),
    uid_map: file(() => user().uid, 0o644),
    gid_map: file(() => user().gid, 0o644),
    setgroups: file(
      () => (process.credentials.userNamespace.parent === undefined ? 'allow\n' : 'deny\n'),
      0o644,
    ),
    cgroup: file(() => formatControlGroups(kernel)),
    oom_score_adj: () => oomScoreFile(fileSystem),
    status: file(() => formatStatus(kernel)),
    cwd: link(() => process.cwd),
    root: link(() => process.root),
    exe: link(() => notModelled('the program of the calling process')),
  };
}

// How readily it is ended is of no consequence here; proc_pid_oom_score_adj(5) has the range.
function oomScoreFile(fileSystem: FileSystem): Inode {
  let score = '0';
  const file = generatedFile(fileSystem, 0o644, () => `${score}\n`);
  file.store = (text) => {
    const value = text.trim();
    if (!/^-?[0-9]+$/.test(value) || Math.abs(Number(value)) > 1000) refuse('EINVAL');
    score = value;
  };
  return file;
}

// A link to the object itself: followed, it leads there even where no path does.
function magicLink(kernel: Kernel, fileSystem: FileSystem, target: () => Location): Inode {
  const link = fileSystem.inode(S_IFLNK | 0o777, 0, 0);
  link.jump = target;
  link.generate = () => displayPath(kernel.process, target());
  return link;
}

function descriptorDirectory(kernel: Kernel, fileSystem: FileSystem): Inode {
  const directory = fileSystem.inode(
    S_IFDIR | 0o500,
    kernel.process.credentials.uid,
    kernel.process.credentials.gid,
  );
  const { files } = kernel.process;
  directory.source = {
    volatile: true,
    names: () => files.entries().map(([fd]) => String(fd)),
    lookup(name) {
      const slot = files.entries().find(([fd]) => String(fd) === name);
      return slot && magicLink(kernel, fileSystem, () => slot[1].file.location);
    },
  };
  return directory;
}

function namespaceDirectory(kernel: Kernel, fileSystem: FileSystem): Inode {
  const { process } = kernel;
  const link = (namespace: () => Namespace) => (): Inode =>
    magicLink(kernel, fileSystem, () => kernel.namespaceFile(namespace()));
  const simple = (of: () => SimpleNamespace): Entry =>
    link(() => ({ kind: of().kind, simple: of() }));
  const { namespaces } = process;
  return fixedDirectory(fileSystem, 0o511, {
    cgroup: simple(() => namespaces.cgroup),
    ipc: simple(() => namespaces.ipc),
    mnt: link(() => ({ kind: 'mnt', mount: process.mountNamespace })),
    net: simple(() => namespaces.net),
    pid: simple(() => namespaces.pid),
    pid_for_children: simple(() => namespaces.pidForChildren),
    time: simple(() => namespaces.time),
    user: link(() => ({ kind: 'user', user: process.credentials.userNamespace })),
    uts: simple(() => namespaces.uts),
  });
}

function formatStatus({ process }: Kernel): string {
  const { credentials: who } = process;
  const uid = who.userNamespace.shownUid(who.uid);
  const gid = who.userNamespace.shownGid(who.gid);
  const four = (id: number): string => Array<number>(4).fill(id).join('\t');
  const groups = who.groups.map((group) => who.userNamespace.shownGid(group)).join(' ');
  const mask = formatCapabilities(who.capabilities);
  return [
    'Name:\tnode',
    `Umask:\t${process.umask.toString(8).padStart(4, '0')}`,
    `Pid:\t${process.pid}`,
    `Uid:\t${four(uid)}`,
    `Gid:\t${four(gid)}`,
    `Groups:\t${groups} `,
    `CapEff:\t${mask}`,
    '',
  ].join('\n');
}

function formatCapabilities(capabilities: ReadonlySet<Capability>): string {
  // Root has those too that the model has no use for.
  const all = capabilities.size === ALL_CAPABILITIES.size;
  let mask = all ? (1n << 41n) - 1n : 0n;
  for (const name of capabilities) mask |= 1n << BigInt(CAPABILITIES[name]);
  return mask.toString(16).padStart(16, '0');
}
