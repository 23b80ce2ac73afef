import { SyscallError } from './syscall-error.js';

const PROFILE =
  'the seccomp profile of the container that this runs in forbids it: a newer container engine knows the call, or give it --security-opt seccomp=unconfined';

const since = (version: string): string =>
  `it needs Linux ${version}, or the seccomp profile of the container that this runs in hides it`;

const NEW_CALLS: ReadonlyMap<string, string> = new Map([
  ['openat2', '5.6'],
  ['fsopen', '5.2'],
  ['fsconfig', '5.2'],
  ['fsmount', '5.2'],
  ['open_tree', '5.2'],
  ['move_mount', '5.2'],
  ['mount_setattr', '5.12'],
]);

const MOUNTING = new Set(['mount', 'move_mount', 'open_tree', 'fsmount', 'pivot_root', 'unshare']);

/** What is usually behind a refusal, wherever it happens; undefined when nobody can tell. */
export function refusalHint({ syscall, code, args }: SyscallError): string | undefined {
  const version = NEW_CALLS.get(syscall);
  if (syscall === 'pivot_root' && (code === 'ENOSYS' || code === 'EPERM'))
    return 'a seccomp profile forbids it: --no-pivot does without, and leaves the mounts of the host below the root';
  if (code === 'ENOSYS') return since(version ?? '4.11');
  const mounts = syscall === 'fsopen' ? args[0] : syscall === 'mount' ? args[2] : undefined;
  if (code === 'EPERM' && mounts === '"sysfs"')
    return 'in a user namespace sysfs takes a network namespace of its own: --unshare-net';
  if (
    code === 'EINVAL' &&
    syscall === 'mount' &&
    args[2] === '"devpts"' &&
    /gid=/.test(args[4] ?? '')
  )
    return 'its group must have a number in this user namespace: map more (--map-user ranges)';
  if (code === 'EPERM' && syscall === 'fsconfig' && args[0] === '<fscontext:proc>')
    return 'in a user namespace proc takes a PID namespace of its own, and a /proc of the host of which nothing is covered';
  if (code === 'EPERM' && syscall === 'fsconfig' && args[0] === '<fscontext:mqueue>')
    return 'in a user namespace message queues take an IPC namespace of their own';
  if (code === 'EPERM' && (syscall === 'openat2' || syscall === 'fsopen')) return PROFILE;
  if (code === 'EPERM' && syscall === 'mount_setattr')
    return `${PROFILE}; or a flag is locked in this user namespace`;
  if (code === 'EBUSY' && syscall === 'mount_setattr')
    return 'a process has a file of it open for writing: perhaps one that a hook has left behind';
  if (code === 'ELOOP' && syscall === 'fsconfig' && args[0] === '<fscontext:overlay>')
    return 'upper and work must not lie in a lower directory, nor a lower one in them';
  if (code === 'EINVAL' && syscall === 'fchownat')
    return 'an owner must have a number in this user namespace: take one that is mapped, or map more (--map-user ranges)';
  if (code === 'EROFS' && syscall === 'mkdirat')
    return 'the root directory is read-only and lacks this directory: make it there first';
  if (code === 'ENOSPC' && MOUNTING.has(syscall) && !/CLONE_NEW(?!NS)/.test(args.join()))
    return 'the number of mounts in a namespace is limited: raise fs.mount-max with sysctl(8), or unmount something';
  if (
    code === 'ENOENT' &&
    args.some((arg) => arg.includes('/proc/')) &&
    /openat2|readlinkat/.test(syscall)
  )
    return 'is /proc mounted? mount -t proc proc /proc';
  return undefined;
}

/** Adds what is usually behind it to an error that has no hint yet. */
export function withRefusalHint(error: unknown): unknown {
  if (!(error instanceof SyscallError) || error.hint !== undefined) return error;
  const hint = refusalHint(error);
  return hint === undefined ? error : error.withHint(hint);
}
