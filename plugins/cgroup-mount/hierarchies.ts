import {
  AT_FDCWD,
  flags,
  hostPath,
  O_CLOEXEC,
  O_RDONLY,
  readAll,
  readMountinfo,
  withFd,
  type MountinfoEntry,
  type Syscalls,
} from 'nsinit';

/** A tree of control groups that the machine has mounted. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** What its directory is called where there are several. */
  readonly name: string;
  /** Of version 1: its controllers, or `name=…` for one without. */
  readonly controllers: readonly string[];
  /** Where the caller's own group is on the machine. */
  readonly ownGroup: string;
}

/** Options of a version 1 hierarchy that name no controller (cgroups(7)). */
const NO_CONTROLLER =
  /^(rw|ro|xattr|noprefix|clone_children|cpuset_v2_mode|favordynmods|nsdelegate|seclabel|release_agent=.*)$/;

/** The hierarchies of the machine, version 2 last, each once. @throws SyscallError */
export function findHierarchies(sys: Syscalls): readonly Hierarchy[] {
  const groups = readOwnGroups(sys);
  const found = new Map<string, Hierarchy>();
  for (const mount of readMountinfo(sys)) {
    if (mount.fstype !== 'cgroup' && mount.fstype !== 'cgroup2') continue;
    const hierarchy = describe(mount, groups);
    const key = hierarchy.controllers.join();
    if (!found.has(key)) found.set(key, hierarchy);
  }
  return [...found.values()].sort((a, b) => a.version - b.version);
}

function describe(mount: MountinfoEntry, groups: ReadonlyMap<string, string>): Hierarchy {
  const version = mount.fstype === 'cgroup2' ? 2 : 1;
  const options = mount.superOptions.split(',');
  const controllers = version === 2 ? [] : options.filter((option) => !NO_CONTROLLER.test(option));
  const own = controllers
    .map((controller) => groups.get(controller))
    .find((path) => path !== undefined);
  const path = (version === 2 ? groups.get('') : own) ?? '/';
  return {
    version,
    name: mount.mountPoint.slice(mount.mountPoint.lastIndexOf('/') + 1),
    controllers,
    ownGroup: mount.mountPoint + below(path, mount.root),
  };
}

/** A group's path below the directory that is mounted; that itself where it is outside. */
function below(group: string, root: string): string {
  if (root === '/') return group === '/' ? '' : group;
  return group.startsWith(`${root}/`) ? group.slice(root.length) : '';
}

/** The caller's groups: by controller, version 2 by the empty name (cgroups(7), /proc/PID/cgroup). */
function readOwnGroups(sys: Syscalls): ReadonlyMap<string, string> {
  const path = hostPath('/proc/thread-self/cgroup');
  const fd = sys.openat2(AT_FDCWD, path, { flags: flags(O_RDONLY, O_CLOEXEC) });
  const text = withFd(sys, fd, () => readAll(sys, fd));
  const groups = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, names = '', ...rest] = line.split(':');
    const group = rest.join(':');
    if (group === '') continue;
    for (const name of names.split(',')) groups.set(name, group);
  }
  return groups;
}
