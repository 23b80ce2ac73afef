import {
  AT_EMPTY_PATH,
  attachMount,
  cloneTree,
  component,
  attachForNow,
  createMount,
  flags,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  NsinitError,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  openMountPoint,
  S_IFMT,
  S_IFREG,
  STATX_BASIC_STATS,
  withFd,
  writeNewFile,
  type Fd,
  type HostPath,
  type StepContext,
  type Syscalls,
} from 'nsinit';

/** What is to be in a file of the container. */
export interface WrittenFile {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

/** Shows a file of the host, read-only, also where a link of the image stands. */
export function bindFile(sys: Syscalls, context: StepContext, path: string, source: string): void {
  const tree = context.keep(
    cloneTree(sys, context, { path: source as HostPath, recursive: false }),
  );
  const { mode } = sys.statx(tree, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
  if ((mode & S_IFMT) !== S_IFREG)
    throw new NsinitError('NSINIT_VERIFY', `${source} is no regular file: give one, or content`);
  sys.mount_setattr(tree, '', AT_EMPTY_PATH, { attr_set: MOUNT_ATTR_RDONLY });
  attachOver(sys, context, tree, path, MOUNT_ATTR_RDONLY);
}

function attachOver(
  sys: Syscalls,
  context: StepContext,
  tree: Fd,
  path: string,
  attributes: typeof MOUNT_ATTR_RDONLY,
): void {
  // A link of the image is covered and not followed: it may lead nowhere, as to /run.
  withFd(sys, openMountPoint(sys, context, path, tree, { follow: false }), (place) => {
    attachMount(sys, context, tree, place, { attributes });
  });
}

/**
 * Binds files of a small tmpfs on their places, so that the image stays as it is.
 *
 * The tmpfs is attached over the root for a moment, since what is detached could not be copied
 * before Linux 6.15. Nobody else is in this mount namespace yet.
 */
export function bindWritten(
  sys: Syscalls,
  context: StepContext,
  files: readonly WrittenFile[],
): void {
  if (files.length === 0) return;
  const attributes = flags(MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC);
  const options = { mode: '0755', nr_inodes: String(files.length + 1) };
  const wanted = { fstype: 'tmpfs', source: 'etc-files', attributes, options };
  const tmpfs = context.keep(createMount(sys, wanted));
  const detach = attachForNow(sys, context, tmpfs, context.root.fd);
  const trees = files.map((file, index) => makeTree(sys, context, tmpfs, String(index), file));
  detach();
  files.forEach(({ path }, index) => {
    const tree = trees[index];
    if (tree !== undefined) attachOver(sys, context, tree, path, attributes);
  });
}

function makeTree(
  sys: Syscalls,
  context: StepContext,
  tmpfs: Fd,
  name: string,
  { content, mode }: WrittenFile,
): Fd {
  writeNewFile(sys, tmpfs, name, content, { mode });
  const clone = flags(OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC);
  return context.keep(sys.open_tree(tmpfs, component(name), clone));
}
