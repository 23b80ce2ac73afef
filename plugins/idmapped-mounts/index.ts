import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  attachMount,
  changeAttributes,
  cloneTree,
  describeAttributes,
  flags,
  hostPath,
  inject,
  injectable,
  isErrno,
  MOUNT_ATTR_IDMAP,
  newMountFlags,
  O_CLOEXEC,
  O_RDONLY,
  openMountPoint,
  OptionReader,
  readMountAttributes,
  SYSCALLS,
  withFd,
  type AtFlags,
  type Fd,
  type MountAttributes,
  type Step,
  type StepContext,
  type SyscallError,
  type Syscalls,
} from 'nsinit';

/** One bind mount in which files belong to other ids than on their file system. */
export interface IdmappedMount extends MountAttributes {
  /** A file or directory of the host. */
  readonly source: string;
  /** Where it appears in the container; made if it is missing. */
  readonly target: string;
  /**
   * A user namespace by the path of its file, as `openUserNamespace` gives it. Files of id
   * `inside` on the disk belong to id `outside` in the mount.
   */
  readonly userNamespace: string;
  /** Also what is mounted below the source, with the same map; no unless told otherwise. */
  readonly recursive?: boolean | undefined;
}

export interface IdmappedMountsOptions {
  readonly mounts: readonly IdmappedMount[];
}

/** Binds with owners mapped (mount_setattr(2), Linux 5.12). */
@injectable()
export class IdmappedMountsStep implements Step<IdmappedMountsOptions> {
  static readonly stepName = 'idmapped-mounts';
  static readonly view = 'host';
  static readonly after = ['bind-rootfs', 'overlay-root', 'dev', 'system-mounts'];
  static readonly writesRoot = true;
  static readonly repeatable = true;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): IdmappedMountsOptions {
    const given = new OptionReader(input);
    return given.done({ mounts: given.objects('mounts', readMount) });
  }

  describe({ mounts }: IdmappedMountsOptions): readonly string[] {
    return mounts.map((mount) => {
      const attributes = describeAttributes(mount);
      const bind = `bind ${mount.source} on ${mount.target}, ids mapped`;
      return attributes === '' ? bind : `${bind}, ${attributes}`;
    });
  }

  execute({ mounts }: IdmappedMountsOptions, context: StepContext): void {
    for (const mount of mounts) this.#bind(mount, context);
  }

  #bind(mount: IdmappedMount, context: StepContext): void {
    const { sys } = this;
    const { source: path, target, userNamespace, recursive = false } = mount;
    const tree = context.keep(cloneTree(sys, context, { path, recursive }));
    const how = { flags: flags(O_RDONLY, O_CLOEXEC) };
    withFd(sys, sys.openat2(AT_FDCWD, hostPath(userNamespace), how), (namespace) => {
      this.#map(tree, namespace, recursive);
    });
    changeAttributes(sys, tree, mount, { recursive });
    withFd(sys, openMountPoint(sys, context, target, tree), (place) => {
      attachMount(sys, context, tree, place, {
        attributes: newMountFlags({ ...mount, atime: undefined }),
        recursive,
        showsHost: true,
      });
    });
  }

  /** Only what nobody has seen yet can be mapped: before it is attached. */
  #map(tree: Fd, namespace: Fd, recursive: boolean): void {
    const at = recursive ? flags<AtFlags>(AT_EMPTY_PATH, AT_RECURSIVE) : AT_EMPTY_PATH;
    try {
      this.sys.mount_setattr(tree, '', at, {
        attr_set: MOUNT_ATTR_IDMAP,
        userns_fd: namespace,
      });
    } catch (error) {
      throw isErrno(error, 'EINVAL', 'EPERM') ? explain(error) : error;
    }
  }
}

// The reasons of mount_setattr(2), ERRORS, as far as the caller can do something about them.
function explain(error: SyscallError): SyscallError {
  return error.withHint(
    error.code === 'EINVAL'
      ? 'its file system takes no id map, or userNamespace is no user namespace or has no map yet'
      : "it takes the privileges of the file system's owner, a namespace other than the initial one, and a source that is not mapped already",
  );
}

function readMount(given: OptionReader): IdmappedMount {
  return given.done({
    source: given.hostPath('source'),
    target: given.mountPoint('target'),
    userNamespace: given.hostPath('userNamespace'),
    recursive: given.boolean('recursive', false),
    ...readMountAttributes(given),
  });
}
