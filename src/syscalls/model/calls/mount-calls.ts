import {
  MS_BIND,
  MS_DIRSYNC,
  MS_LAZYTIME,
  MS_MOVE,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_REMOUNT,
  MS_SHARED,
  MS_SILENT,
  MS_SLAVE,
  MS_SYNCHRONOUS,
  MS_UNBINDABLE,
} from '../../mount-flags.js';
import { attachTree, lockMountpoint } from '../attach.js';
import { unmountTree } from '../detach.js';
import { notModelled, refuse } from '../errors.js';
import { fileSystemType } from '../filesystems/registry.js';
import {
  applySuperFlags,
  createTree,
  FsContext,
  setOption,
  setOptionString,
} from '../fs-context.js';
import type { Kernel } from '../kernel.js';
import { isMountRoot, type Location } from '../location.js';
import { keepsLockedFlags } from '../locks.js';
import { MNT_READONLY, type Mount } from '../mount.js';
import type { PropagationType } from '../peer-group.js';
import { checkMayBecomeReadonly, reconfigure } from '../reconfigure.js';
import { tooRevealing } from '../revealing.js';
import { copyForBind } from './bind.js';
import { flagsFromMs } from './mount-flags.js';
import { moveTree } from './move.js';
import { fileBy } from './places.js';

const PROPAGATION: ReadonlyMap<number, PropagationType> = new Map([
  [MS_SHARED, 'shared'],
  [MS_SLAVE, 'slave'],
  [MS_PRIVATE, 'private'],
  [MS_UNBINDABLE, 'unbindable'],
] as const);

const ANY_PROPAGATION = MS_SHARED | MS_SLAVE | MS_PRIVATE | MS_UNBINDABLE;

/** mount(2): six calls in one, told apart by their flags in this order. */
export function mount(
  kernel: Kernel,
  source: string,
  target: string,
  fstype: string,
  bits: number,
  data: string,
): void {
  const at = fileBy(kernel, target);
  kernel.checkMayMount();
  const flags = flagsFromMs(bits, at.mount);
  if ((bits & MS_REMOUNT) !== 0 && (bits & MS_BIND) !== 0) changeFlags(kernel, at, flags);
  else if ((bits & MS_REMOUNT) !== 0) remount(kernel, at, bits, flags, data);
  else if ((bits & MS_BIND) !== 0) bind(kernel, at, source, (bits & MS_REC) !== 0);
  else if ((bits & ANY_PROPAGATION) !== 0) changePropagation(kernel, at, bits);
  else if ((bits & MS_MOVE) !== 0) move(kernel, at, source);
  else mountNew(kernel, at, { source, fstype, bits, flags, data });
}

function checkOwnMountRoot(kernel: Kernel, at: Location): Mount {
  if (!kernel.isOurs(at.mount) || !isMountRoot(at)) refuse('EINVAL');
  return at.mount;
}

// A bind remount changes the flags of one mount, all of them at once, whatever MS_REC says.
function changeFlags(kernel: Kernel, at: Location, flags: number): void {
  const changed = checkOwnMountRoot(kernel, at);
  if (!keepsLockedFlags(changed, flags)) refuse('EPERM');
  if ((flags & MNT_READONLY) !== 0 && !changed.readonly) checkMayBecomeReadonly(kernel, changed);
  changed.flags = flags;
}

function remount(kernel: Kernel, at: Location, bits: number, flags: number, data: string): void {
  const changed = checkOwnMountRoot(kernel, at);
  if (!keepsLockedFlags(changed, flags)) refuse('EPERM');
  const context = new FsContext(kernel, fileSystemType(changed.fileSystem.traits.type));
  askForSuperFlags(context, bits, true);
  setOptionString(context, data);
  reconfigure(context, changed.fileSystem);
  changed.flags = flags;
}

// A remount says of each flag whether it is wanted; a new file system has them off anyway.
function askForSuperFlags(context: FsContext, bits: number, all: boolean): void {
  const ask = (name: string, bit: number): void => {
    const set = (bits & bit) !== 0;
    if (set || all) context.superFlags.set(name, set);
  };
  ask('readonly', MS_RDONLY);
  ask('synchronous', MS_SYNCHRONOUS);
  ask('lazyTime', MS_LAZYTIME);
  if (!all) ask('directorySynchronous', MS_DIRSYNC);
}

function bind(kernel: Kernel, at: Location, source: string, recursive: boolean): void {
  if (source === '') refuse('EINVAL');
  const from = fileBy(kernel, source);
  checkNamespaceFile(kernel, from);
  const place = lockMountpoint(at);
  if (!kernel.isOurs(place.mount)) refuse('EINVAL');
  const tree = copyForBind(kernel, from, recursive);
  try {
    if (place.inode.isDirectory !== tree.root.isDirectory) refuse('ENOTDIR');
    attachTree(kernel, tree, place);
  } catch (error) {
    unmountTree(kernel, tree, { sync: true });
    throw error;
  }
}

// A mount namespace must not hold on to itself, nor to one that is older; which is, the kernel
// tells by numbers that several processors hand out at once.
function checkNamespaceFile({ process }: Kernel, { inode: { namespace } }: Location): void {
  if (namespace === undefined) return;
  if ('mount' in namespace && process.mountNamespace === namespace.mount) refuse('EINVAL');
  notModelled('binds of files that stand for namespaces');
}

function changePropagation(kernel: Kernel, at: Location, bits: number): void {
  if (!isMountRoot(at)) refuse('EINVAL');
  const type = PROPAGATION.get((bits & ~(MS_REC | MS_SILENT)) >>> 0) ?? refuse('EINVAL');
  // A detached tree may be changed as well, by who governs the namespace it came from.
  const { namespace } = at.mount;
  if (namespace === undefined) return refuse('EINVAL');
  if (!kernel.process.credentials.capableIn(namespace.owner, 'CAP_SYS_ADMIN')) refuse('EPERM');
  const changed = (bits & MS_REC) !== 0 ? [...at.mount.tree()] : [at.mount];
  for (const one of changed) kernel.groups.change(one, type);
}

function move(kernel: Kernel, at: Location, source: string): void {
  if (source === '') refuse('EINVAL');
  moveTree(kernel, fileBy(kernel, source), at, false);
}

interface NewMount {
  readonly source: string;
  readonly fstype: string;
  readonly bits: number;
  readonly flags: number;
  readonly data: string;
}

function mountNew(
  kernel: Kernel,
  at: Location,
  { source, fstype, bits, flags, data }: NewMount,
): void {
  const context = new FsContext(kernel, fileSystemType(fstype));
  askForSuperFlags(context, bits, false);
  setOption(context, 'source', { kind: 'string', text: source });
  setOptionString(context, data);
  context.checkCapable();
  const fileSystem = createTree(context);
  applySuperFlags(context, fileSystem);
  const locks = tooRevealing(kernel, fileSystem, flags);
  const place = lockMountpoint(at);
  if (!kernel.isOurs(place.mount)) refuse('EINVAL');
  // The same once more on top of itself would only hide it.
  if (place.mount.fileSystem === fileSystem && isMountRoot(place)) refuse('EBUSY');
  if (!place.inode.isDirectory) refuse('ENOTDIR');
  const created = kernel.createMount(fileSystem, context.source);
  created.flags = flags;
  created.lockedFlags = locks;
  attachTree(kernel, created, place);
}
