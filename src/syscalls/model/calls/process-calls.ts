import {
  CLONE_FS,
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
} from '../../process-flags.js';
import { copyMountNamespace } from '../copy-namespace.js';
import { buildPath } from '../display-path.js';
import { notModelled, refuse } from '../errors.js';
import type { Kernel } from '../kernel.js';
import { topOf } from '../location.js';
import type { MountNamespace } from '../mount-namespace.js';
import { endIfUnused } from '../namespace-lifetime.js';
import { NAMESPACE_FLAGS, SimpleNamespace } from '../namespaces.js';
import { checkAccess, MAY_EXEC } from '../permissions.js';
import type { Process, ProcessNamespaces } from '../process.js';
import { fileBy, onlyFlags } from './places.js';
import { LONGEST_UTS_NAME } from '../../kernel-limits.js';

/** umask(2). */
export function umask({ process }: Kernel, mask: number): number {
  const before = process.umask;
  process.umask = mask & 0o777;
  return before;
}

/** chdir(2). */
export function chdir(kernel: Kernel, path: string): void {
  const at = fileBy(kernel, path, { directory: true });
  checkAccess(kernel.process, at.inode, MAY_EXEC);
  kernel.process.cwd = at;
}

/** fchdir(2). */
export function fchdir(kernel: Kernel, fd: number): void {
  const { location } = kernel.process.files.get(fd);
  if (!location.inode.isDirectory) refuse('ENOTDIR');
  checkAccess(kernel.process, location.inode, MAY_EXEC);
  kernel.process.cwd = location;
}

/** getcwd(2). The C library would refuse what the kernel marks as unreachable. */
export function getcwd({ process }: Kernel): string {
  if (process.cwd.inode.unlinked) refuse('ENOENT');
  const { path, end } = buildPath(process, process.cwd, process.root);
  return end === 'root' ? path : `(unreachable)${path}`;
}

type SimpleKind = Exclude<keyof ProcessNamespaces, 'pidForChildren'>;
const SIMPLE: readonly (readonly [number, SimpleKind])[] = [
  [CLONE_NEWCGROUP, 'cgroup'],
  [CLONE_NEWUTS, 'uts'],
  [CLONE_NEWIPC, 'ipc'],
  [CLONE_NEWNET, 'net'],
];

/** unshare(2). */
export function unshare(kernel: Kernel, flags: number): void {
  const { process } = kernel;
  const simple = SIMPLE.reduce((sum, [flag]) => sum | flag, CLONE_NEWPID | CLONE_NEWTIME);
  onlyFlags(flags, CLONE_FS | CLONE_NEWNS | CLONE_NEWUSER | simple);
  // A process with several threads, as Node is, cannot change its user namespace.
  if ((flags & CLONE_NEWUSER) !== 0) refuse('EINVAL');
  if ((flags & CLONE_NEWTIME) !== 0) notModelled('time namespaces that are made');
  if ((flags & (CLONE_NEWNS | simple)) !== 0) checkAdmin(kernel);
  const { userNamespace } = process.credentials;
  const create = (kind: SimpleNamespace['kind']): SimpleNamespace =>
    new SimpleNamespace(kernel.allocateInum(), kind, userNamespace, parentOf(process, kind));
  for (const [flag, kind] of SIMPLE) {
    if ((flags & flag) === 0) continue;
    const { hostname, domainname } = process.namespaces[kind];
    process.namespaces[kind] = Object.assign(create(kind), { hostname, domainname });
  }
  // Its children come into the new one; its own PID never changes.
  if ((flags & CLONE_NEWPID) !== 0) process.namespaces.pidForChildren = create('pid');
  if ((flags & CLONE_NEWNS) !== 0) copyMountNamespace(kernel, userNamespace);
  if ((flags & (CLONE_FS | CLONE_NEWNS)) !== 0) process.sharesFileSystemState = false;
}

// PID namespaces nest: the parent sees the processes of all inside it.
function parentOf(
  { namespaces }: Process,
  kind: SimpleNamespace['kind'],
): SimpleNamespace | undefined {
  return kind === 'pid' ? namespaces.pidForChildren : undefined;
}

function checkAdmin({ process: { credentials } }: Kernel): void {
  if (!credentials.capableIn(credentials.userNamespace, 'CAP_SYS_ADMIN')) refuse('EPERM');
}

/** setns(2), by a file of /proc/PID/ns. */
export function setns(kernel: Kernel, fd: number, type: number): void {
  const { process } = kernel;
  const namespace = process.files.getOpened(fd).location.inode.namespace ?? refuse('EINVAL');
  if (type !== 0 && type !== NAMESPACE_FLAGS[namespace.kind]) refuse('EINVAL');
  if ('user' in namespace) refuse('EINVAL');
  if ('mount' in namespace) {
    enterMountNamespace(kernel, namespace.mount);
    return;
  }
  const { simple } = namespace;
  checkAdmin(kernel);
  if (!process.credentials.capableIn(simple.owner, 'CAP_SYS_ADMIN')) refuse('EPERM');
  if (simple.kind === 'pid') process.namespaces.pidForChildren = simple;
  else process.namespaces[simple.kind] = simple;
}

// Root and cwd become the namespace's root, so they may not be shared with other threads.
function enterMountNamespace(kernel: Kernel, namespace: MountNamespace): void {
  const { process } = kernel;
  const { credentials } = process;
  const own = credentials.userNamespace;
  const allowed =
    credentials.capableIn(namespace.owner, 'CAP_SYS_ADMIN') &&
    credentials.capableIn(own, 'CAP_SYS_CHROOT') &&
    credentials.capableIn(own, 'CAP_SYS_ADMIN');
  if (!allowed) refuse('EPERM');
  if (namespace.anonymous || process.sharesFileSystemState) refuse('EINVAL');
  const root = namespace.root ?? refuse('EINVAL');
  const left = process.mountNamespace;
  process.mountNamespace = namespace;
  process.root = topOf({ mount: root, inode: root.root });
  process.cwd = process.root;
  endIfUnused(kernel, left);
}

/** sethostname(2). */
export function sethostname(kernel: Kernel, name: string): void {
  checkName(kernel, name);
  kernel.process.namespaces.uts.hostname = name;
}

/** setdomainname(2). */
export function setdomainname(kernel: Kernel, name: string): void {
  checkName(kernel, name);
  kernel.process.namespaces.uts.domainname = name;
}

function checkName({ process }: Kernel, name: string): void {
  if (!process.credentials.capableIn(process.namespaces.uts.owner, 'CAP_SYS_ADMIN'))
    refuse('EPERM');
  if (Buffer.byteLength(name) > LONGEST_UTS_NAME) refuse('EINVAL');
}

/** geteuid(2), as the caller's namespace shows it. */
export function geteuid({ process: { credentials } }: Kernel): number {
  return credentials.userNamespace.shownUid(credentials.uid);
}

/** getegid(2). */
export function getegid({ process: { credentials } }: Kernel): number {
  return credentials.userNamespace.shownGid(credentials.gid);
}
