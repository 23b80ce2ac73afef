import {
  AT_EMPTY_PATH,
  attachMount,
  cloneTree,
  component,
  createMount,
  fdPath,
  flags,
  MNT_DETACH,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
  NsinitError,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_WRONLY,
  OPEN_TREE_AT_EMPTY_PATH,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  openMountPoint,
  S_IFMT,
  S_IFREG,
  STATX_BASIC_STATS,
  withFd,
  writeAll,
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
  const tmpfs = createMount(sys, { fstype: 'tmpfs', source: 'etc-files', attributes, options });
  const trees = withFd(sys, tmpfs, () => {
    const how = flags(MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH);
    sys.move_mount(tmpfs, '', context.root.fd, '', how);
    try {
      return files.map((file, index) => context.keep(makeTree(sys, tmpfs, String(index), file)));
    } finally {
      sys.umount2(fdPath(tmpfs), MNT_DETACH);
    }
  });
  files.forEach(({ path }, index) => {
    const tree = trees[index];
    if (tree !== undefined) attachOver(sys, context, tree, path, attributes);
  });
}

function makeTree(sys: Syscalls, tmpfs: Fd, name: string, { content, mode }: WrittenFile): Fd {
  const how = flags(O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_CLOEXEC);
  const file = sys.openat2(tmpfs, component(name), { flags: how, mode: 0o600 });
  return withFd(sys, file, () => {
    writeAll(sys, file, content);
    sys.fchmod(file, mode);
    const clone = flags(OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC, OPEN_TREE_AT_EMPTY_PATH);
    return sys.open_tree(file, '', clone);
  });
}
