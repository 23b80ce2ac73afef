import { createMount, withFd } from '../steps/attach-mount.js';
import { lacksMountApi } from '../steps/old-mount-api.js';
import { AT_FDCWD, type Fd } from '../syscalls/descriptor.js';
import {
  AT_EMPTY_PATH,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  RESOLVE_IN_ROOT,
  S_IFCHR,
} from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import {
  MNT_DETACH,
  MOUNT_ATTR_RDONLY,
  MOVE_MOUNT_F_EMPTY_PATH,
  MS_PRIVATE,
  MS_REC,
  OPEN_TREE_AT_EMPTY_PATH,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  type MountAttrFlags,
} from '../syscalls/mount-flags.js';
import { component, fdPath, hostPath, sourceName } from '../syscalls/paths.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import type { CapabilityName } from './doctor-advice.js';

/** Tries something in namespaces that end with it. Throws when it does not work. */
export type ContainerProbe = (sys: Syscalls, userNamespace: boolean) => void;

const NONE = flags<MountAttrFlags>();

/** Makes a file system, and lets it go. */
const make =
  (fstype: string, options: Record<string, string | true> = {}): ContainerProbe =>
  (sys) => {
    try {
      sys.close(createMount(sys, { fstype, source: fstype, attributes: NONE, options }));
    } catch (error) {
      if (!lacksMountApi(sys, error)) throw error;
      // That it can be mounted at all is asked here.
      const data = Object.entries(options).map(([key, value]) =>
        value === true ? key : `${key}=${value}`,
      );
      sys.mount(sourceName(fstype), hostPath('/tmp'), fstype, flags(), data.join(','));
    }
  };

/** What is tried in one container, in this order: the last one switches its root. */
export const CONTAINER_PROBES: Readonly<Partial<Record<CapabilityName, ContainerProbe>>> = {
  openat2: (sys) => {
    const how = {
      flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC),
      resolve: RESOLVE_IN_ROOT,
    };
    sys.close(sys.openat2(AT_FDCWD, hostPath('/'), how));
  },
  'new-mount-api': (sys) =>
    inNewMount(sys, (mount) => {
      const how = flags(OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC, OPEN_TREE_AT_EMPTY_PATH);
      sys.close(sys.open_tree(mount, '', how));
    }),
  mount_setattr: (sys) =>
    inScratch(sys, (scratch) =>
      sys.mount_setattr(scratch, '', AT_EMPTY_PATH, { attr_set: MOUNT_ATTR_RDONLY }),
    ),
  overlay: (sys, userNamespace) =>
    inScratch(sys, (scratch) => {
      for (const name of ['lower', 'upper', 'work']) sys.mkdirat(scratch, component(name), 0o755);
      const at = `/proc/thread-self/fd/${scratch}`;
      const layers = {
        lowerdir: `${at}/lower`,
        upperdir: `${at}/upper`,
        workdir: `${at}/work`,
      };
      make('overlay', userNamespace ? { ...layers, userxattr: true } : layers)(sys, userNamespace);
    }),
  proc: make('proc'),
  sysfs: make('sysfs'),
  devpts: make('devpts', { newinstance: true, gid: '5' }),
  mqueue: make('mqueue'),
  mknod: (sys) =>
    inScratch(sys, (scratch) => {
      sys.mknodat(scratch, component('null'), S_IFCHR | 0o666, { major: 1, minor: 3 });
      sys.close(sys.openat2(scratch, component('null'), { flags: flags(O_RDONLY, O_CLOEXEC) }));
    }),
  pivot_root: (sys) =>
    inScratch(sys, (scratch) => {
      sys.fchdir(scratch);
      sys.pivot_root('.', '.');
    }),
};

/** Attached, since what is detached can do less. */
function inNewMount(sys: Syscalls, use: (mount: Fd) => void): void {
  const mount = createMount(sys, {
    fstype: 'tmpfs',
    source: 'tmpfs',
    attributes: NONE,
  });
  withFd(sys, mount, () => {
    sys.move_mount(mount, '', AT_FDCWD, hostPath('/tmp'), MOVE_MOUNT_F_EMPTY_PATH);
    try {
      use(mount);
    } finally {
      sys.umount2(fdPath(mount), MNT_DETACH);
    }
  });
}

/** By mount(2), so that each probe tries one thing alone. */
function inScratch(sys: Syscalls, use: (scratch: Fd) => void): void {
  const place = hostPath('/tmp');
  sys.mount('', hostPath('/'), '', flags(MS_PRIVATE, MS_REC), '');
  sys.mount(sourceName('tmpfs'), place, 'tmpfs', flags(), 'mode=0755');
  const how = { flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC) };
  withFd(sys, sys.openat2(AT_FDCWD, place, how), use);
}
