import {
  AT_FDCWD,
  AT_REMOVEDIR,
  attachForNow,
  component,
  createMount,
  flags,
  hostPath,
  isErrno,
  MOUNT_ATTR_NODEV,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  withFd,
  type AtFlags,
  type AtPath,
  type Fd,
  type StepContext,
  type Syscalls,
} from 'nsinit';
import type { Layer } from './layer-paths.js';

const LISTED = { flags: flags(O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC) };
const DIRECTORY = { flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC) };

/** Where what is written goes, and the kernel's own directory beside it. */
export interface UpperLayer {
  readonly upper: Layer;
  readonly work: Layer;
}

/** Opens a directory of the host. @throws SyscallError */
export function openLayer(sys: Syscalls, context: StepContext, path: string): Layer {
  return { path, fd: context.keep(sys.openat2(AT_FDCWD, hostPath(path), DIRECTORY)) };
}

/**
 * Runs with an upper layer in a new tmpfs.
 *
 * An overlay takes only what is attached (Linux 6.15 takes more), so the tmpfs is put over / for
 * the moment: paths of this thread start below it, and nothing is hidden from anybody.
 */
export function withTmpfs<T>(
  sys: Syscalls,
  context: StepContext,
  size: string,
  use: (layer: UpperLayer) => T,
): T {
  const options = { mode: '0755', ...(size === '' ? {} : { size }) };
  const wanted = { fstype: 'tmpfs', source: 'tmpfs', attributes: MOUNT_ATTR_NODEV, options };
  const tmpfs = context.keep(createMount(sys, wanted));
  const open = (name: string): Layer => {
    sys.mkdirat(tmpfs, component(name), 0o755);
    const fd = context.keep(sys.openat2(tmpfs, component(name), DIRECTORY));
    return { path: `/proc/thread-self/fd/${fd}`, fd };
  };
  const root = context.keep(sys.openat2(AT_FDCWD, hostPath('/'), DIRECTORY));
  const detach = attachForNow(sys, context, tmpfs, root);
  const result = use({ upper: open('upper'), work: open('work') });
  detach();
  return result;
}

/** Opens an upper layer on the host's disk; what is missing of it is made. @throws SyscallError */
export function openUpper(
  sys: Syscalls,
  context: StepContext,
  { upper, work }: { readonly upper: string; readonly work: string },
): UpperLayer {
  const layers = { upper: ensureLayer(sys, context, upper), work: ensureLayer(sys, context, work) };
  deferCleaning(sys, context, layers.work.fd);
  return layers;
}

function ensureLayer(sys: Syscalls, context: StepContext, path: string): Layer {
  try {
    sys.mkdirat(AT_FDCWD, hostPath(path), 0o755);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    return openLayer(sys, context, path);
  }
  context.defer(() => sys.unlinkat(AT_FDCWD, hostPath(path), AT_REMOVEDIR));
  const layer = openLayer(sys, context, path);
  context.defer(() => removeContent(sys, layer.fd));
  return layer;
}

/** What later steps have copied up by going through it. */
function removeContent(sys: Syscalls, directory: Fd): void {
  withFd(sys, sys.openat2(directory, '.' as AtPath, LISTED), (listed) => {
    for (;;) {
      const entries = sys.getdents64(listed).filter(({ name }) => name !== '.' && name !== '..');
      if (entries.length === 0) return;
      for (const { name } of entries) removeEntry(sys, listed, name);
    }
  });
}

function removeEntry(sys: Syscalls, directory: Fd, name: string): void {
  try {
    sys.unlinkat(directory, component(name), flags<AtFlags>());
  } catch (error) {
    if (!isErrno(error, 'EISDIR', 'EPERM')) throw error;
    withFd(sys, sys.openat2(directory, component(name), LISTED), (inner) =>
      removeContent(sys, inner),
    );
    sys.unlinkat(directory, component(name), AT_REMOVEDIR);
  }
}

/** What the kernel makes in a work directory (overlayfs.rst). */
const KERNELS_OWN: readonly string[] = ['work', 'index'];

/** A work directory that was fresh is so again when a later step fails. */
function deferCleaning(sys: Syscalls, context: StepContext, work: Fd): void {
  if (exists(sys, work, 'work')) return;
  context.defer(() => {
    for (const name of KERNELS_OWN) {
      if (exists(sys, work, name)) removeEntry(sys, work, name);
    }
  });
}

function exists(sys: Syscalls, directory: Fd, name: string): boolean {
  try {
    sys.close(sys.openat2(directory, component(name), DIRECTORY));
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
