import { procPathOf } from '../params.js';
import type { PathArg } from '../paths.js';
import type { CallArgs, CallName, CallResult } from '../syscalls.js';
import * as attributes from './calls/attribute-calls.js';
import * as content from './calls/content-calls.js';
import * as create from './calls/create.js';
import * as descriptors from './calls/descriptor-calls.js';
import * as contexts from './calls/fs-context-calls.js';
import * as mounts from './calls/mount-calls.js';
import * as newMounts from './calls/new-mount-calls.js';
import * as open from './calls/open-calls.js';
import * as processes from './calls/process-calls.js';
import * as roots from './calls/root-calls.js';
import * as unmounts from './calls/unmount-calls.js';
import type { Kernel } from './kernel.js';

type CallTable = {
  readonly [N in CallName]: (kernel: Kernel, ...args: CallArgs<N>) => CallResult<N>;
};

/** A path as it crosses into the kernel: a descriptor is spelled as a path through procfs. */
const spelled = (path: PathArg | string): string =>
  typeof path === 'string' ? path : procPathOf(path);

/** Descriptors are numbers to the kernel; the adapter's callers may not mix them up with others. */
const asResult = <N extends CallName>(fd: number): CallResult<N> => fd as CallResult<N>;

/** Every call of the adapter, as the model carries it out. The compiler holds the list complete. */
const CALLS: CallTable = {
  mount: (kernel, source, target, type, flags, data) =>
    mounts.mount(kernel, spelled(source), spelled(target), type, flags, data),
  umount2: (kernel, target, flags) => unmounts.umount2(kernel, spelled(target), flags),
  pivot_root: (kernel, newRoot, putOld) =>
    roots.pivot_root(kernel, spelled(newRoot), spelled(putOld)),
  open_tree: (kernel, ...args) => asResult<'open_tree'>(newMounts.open_tree(kernel, ...args)),
  move_mount: newMounts.move_mount,
  fsopen: (kernel, ...args) => asResult<'fsopen'>(contexts.fsopen(kernel, ...args)),
  fsconfig: contexts.fsconfig,
  fsmount: (kernel, ...args) => asResult<'fsmount'>(newMounts.fsmount(kernel, ...args)),
  fspick: (kernel, ...args) => asResult<'fspick'>(contexts.fspick(kernel, ...args)),
  mount_setattr: newMounts.mount_setattr,
  openat2: (kernel, ...args) => asResult<'openat2'>(open.openat2(kernel, ...args)),
  close: open.close,
  read: content.read,
  write: content.write,
  readlinkat: content.readlinkat,
  getdents64: content.getdents64,
  statx: (kernel, dirfd, path, flags) => attributes.statx(kernel, dirfd, path, flags),
  fstatfs: attributes.fstatfs,
  mkdirat: create.mkdirat,
  mknodat: create.mknodat,
  symlinkat: create.symlinkat,
  unlinkat: create.unlinkat,
  fchmod: attributes.fchmod,
  fchownat: attributes.fchownat,
  utimensat: attributes.utimensat,
  fcntl: descriptors.fcntl,
  ioctl: descriptors.ioctl,
  umask: processes.umask,
  chdir: (kernel, path) => processes.chdir(kernel, spelled(path)),
  fchdir: processes.fchdir,
  chroot: (kernel, path) => roots.chroot(kernel, spelled(path)),
  getcwd: processes.getcwd,
  unshare: processes.unshare,
  setns: processes.setns,
  sethostname: processes.sethostname,
  setdomainname: processes.setdomainname,
  geteuid: processes.geteuid,
  getegid: processes.getegid,
};

/** Carries out a call in the model. */
export function execute<N extends CallName>(
  kernel: Kernel,
  name: N,
  args: CallArgs<N>,
): CallResult<N> {
  const call = CALLS[name] as (kernel: Kernel, ...given: CallArgs<N>) => CallResult<N>;
  return call(kernel, ...args);
}
