import {
  MOST_ID,
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
  NsinitError,
  openUserNamespace,
  optionError,
  sharedKey,
  MOUNT_ATTR_IDMAP,
  MOUNT_PROPAGATION,
  newMountFlags,
  O_CLOEXEC,
  O_RDONLY,
  openMountPoint,
  OptionReader,
  readMountAttributes,
  spreadMount,
  SYSCALLS,
  withFd,
  type AtFlags,
  type Fd,
  type IdRange,
  type Key,
  type MountAttributes,
  type MountPropagation,
  type PrepareContext,
  type RehearseContext,
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
   * How ids are shown: files of id `inside` on the disk belong to id `outside` in the mount. Before
   * the run a user namespace is made of it (`prepare`).
   */
  readonly uidMappings?: readonly IdRange[] | undefined;
  readonly gidMappings?: readonly IdRange[] | undefined;
  /** In place of both: a user namespace that has them, by the path of its file. */
  readonly userNamespace?: string | undefined;
  /** Also what is mounted below the source, with the same map; no unless told otherwise. */
  readonly recursive?: boolean | undefined;
  /** How it spreads, one change after the other. */
  readonly propagation?: readonly MountPropagation[] | undefined;
}

/** What is bound, in order. */
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

  /** A user namespace is made where none is given. */
  static needsPrepare({ mounts }: IdmappedMountsOptions): boolean {
    return mounts.some(({ userNamespace }) => userNamespace === undefined);
  }

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

  /** The kernel takes a map in the form of a user namespace, which only another process can make. */
  prepare({ mounts }: IdmappedMountsOptions, host: PrepareContext): Promise<void> {
    openNamespaces(mounts, host, (maps) => {
      const namespace = openUserNamespace(maps);
      host.closeAfter(() => namespace.close());
      return namespace.path;
    });
    return Promise.resolve();
  }

  rehearse({ mounts }: IdmappedMountsOptions, plan: RehearseContext): void {
    openNamespaces(mounts, plan, (maps) => plan.machine.openUserNamespace(maps));
  }

  execute({ mounts }: IdmappedMountsOptions, context: StepContext): void {
    for (const mount of mounts) this.#bind(mount, context);
  }

  #bind(mount: IdmappedMount, context: StepContext): void {
    const { sys } = this;
    const { source: path, target, recursive = false } = mount;
    const userNamespace = mount.userNamespace ?? namespaceOf(mount, context);
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
        shared: (mount.propagation ?? []).some((mode) => mode.endsWith('shared')),
      });
    });
    spreadMount(sys, tree, mount.propagation ?? []);
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

interface IdMaps {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
}

/** The paths of user namespaces, by their maps. */
const NAMESPACES: Key<ReadonlyMap<string, string>> = sharedKey('nsinit.idmappedMounts.namespaces');

const mapsOf = ({ uidMappings: uids = [], gidMappings: gids = [] }: IdmappedMount): IdMaps => ({
  uids,
  gids,
});

const nameOf = (mount: IdmappedMount): string => JSON.stringify(mapsOf(mount));

/** One for each map that is asked for, also where the step is there more than once. */
function openNamespaces(
  mounts: readonly IdmappedMount[],
  { find, provide }: Pick<PrepareContext, 'find' | 'provide'>,
  open: (maps: IdMaps) => string,
): void {
  const paths = new Map(find(NAMESPACES));
  for (const mount of mounts) {
    if (mount.userNamespace !== undefined || paths.has(nameOf(mount))) continue;
    paths.set(nameOf(mount), open(mapsOf(mount)));
  }
  provide(NAMESPACES, paths);
}

function namespaceOf(mount: IdmappedMount, context: StepContext): string {
  const path = context.need(NAMESPACES).get(nameOf(mount));
  if (path !== undefined) return path;
  throw new NsinitError(
    'NSINIT_MISSING_VALUE',
    `the ids of ${mount.source} were not prepared: give the step the options that it was prepared with`,
  );
}

function readRange(given: OptionReader): IdRange {
  const id = (option: string): number => given.integer(option, 0, MOST_ID);
  return given.done({
    inside: id('inside'),
    outside: id('outside'),
    count: given.integer('count', 1, MOST_ID),
  });
}

function readMaps(given: OptionReader): Partial<IdmappedMount> {
  const ranges = (option: string): readonly IdRange[] | undefined =>
    given.optional(option, () => given.objects(option, readRange));
  const [uidMappings, gidMappings] = [ranges('uidMappings'), ranges('gidMappings')];
  if (uidMappings === undefined && gidMappings === undefined)
    return { userNamespace: given.hostPath('userNamespace') };
  if (given.has('userNamespace'))
    throw optionError(
      given.nameOf('userNamespace'),
      'left out where uidMappings and gidMappings are given',
      '…',
    );
  for (const [option, map] of Object.entries({ uidMappings, gidMappings }))
    if (map === undefined || map.length === 0)
      throw optionError(given.nameOf(option), 'a list with a range of ids', map);
  return { uidMappings, gidMappings };
}

function readMount(given: OptionReader): IdmappedMount {
  return given.done({
    source: given.hostPath('source'),
    target: given.mountPoint('target'),
    ...readMaps(given),
    recursive: given.boolean('recursive', false),
    propagation: given.list('propagation', (item, name) => item.oneOf(name, MOUNT_PROPAGATION)),
    ...readMountAttributes(given),
  });
}
