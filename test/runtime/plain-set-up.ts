import type { SetUp } from '../../src/runtime/set-up.js';
import { AT_FDCWD, type Fd } from '../../src/syscalls/descriptor.js';
import { S_IFCHR, S_IFREG } from '../../src/syscalls/file-flags.js';
import { flags } from '../../src/syscalls/flags.js';
import {
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_FD,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MNT_DETACH,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOUNT_ATTR_NOSUID,
  MS_BIND,
  MS_NOSUID,
  MS_PRIVATE,
  MS_REC,
  MS_SLAVE,
} from '../../src/syscalls/mount-flags.js';
import { containerPath, hostPath, sourceName } from '../../src/syscalls/paths.js';
import type { Syscalls } from '../../src/syscalls/syscalls.js';

/** What {@link plainSetUp} is made of; plain data. */
export interface PlainSetUpOptions {
  readonly rootfs: string;
  /** Fails in the middle, for tests of what is left then. */
  readonly fail?: boolean;
}

/** The least set-up with which a shell works: it makes runtime tests independent of the steps. */
export function plainSetUp({ rootfs, fail = false }: PlainSetUpOptions): SetUp {
  const inside = (path: string): ReturnType<typeof hostPath> => hostPath(`${rootfs}${path}`);
  return (sys, { pidNamespace, terminal }) => {
    sys.mount('', hostPath('/'), '', flags(MS_SLAVE, MS_REC), '');
    sys.mount(hostPath(rootfs), hostPath(rootfs), '', flags(MS_BIND, MS_REC), '');
    sys.mount('', hostPath(rootfs), '', MS_PRIVATE, '');
    if (fail) sys.mount(sourceName('none'), inside('/missing'), 'tmpfs', MS_NOSUID, '');
    mountProc(sys, inside('/proc'), pidNamespace);
    sys.mount(sourceName('tmpfs'), inside('/dev'), 'tmpfs', MS_NOSUID, 'mode=755');
    for (const [name, minor] of [
      ['null', 3],
      ['zero', 5],
    ] as const)
      makeDevice(sys, inside(`/dev/${name}`), name, minor);
    if (terminal !== undefined) sys.umask(sys.umask(0o22));
    sys.chdir(hostPath(rootfs));
    sys.pivot_root('.', '.');
    sys.umount2('.', MNT_DETACH);
    sys.chdir(containerPath('/'));
    sys.umask(0o27);
  };
}

function mountProc(
  sys: Syscalls,
  target: ReturnType<typeof hostPath>,
  pidNamespace: Fd | undefined,
): void {
  const context = sys.fsopen('proc', FSOPEN_CLOEXEC);
  if (pidNamespace !== undefined)
    sys.fsconfig(context, FSCONFIG_SET_FD, 'pidns', null, pidNamespace);
  sys.fsconfig(context, FSCONFIG_CMD_CREATE, null, null, 0);
  const mount = sys.fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID);
  sys.move_mount(mount, '', AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
  sys.close(mount);
  sys.close(context);
}

function makeDevice(
  sys: Syscalls,
  path: ReturnType<typeof hostPath>,
  name: string,
  minor: number,
): void {
  try {
    sys.mknodat(AT_FDCWD, path, S_IFCHR | 0o666, { major: 1, minor });
  } catch {
    // In a user namespace: the host's node is bound over a file.
    sys.mknodat(AT_FDCWD, path, S_IFREG | 0o666, { major: 0, minor: 0 });
    sys.mount(hostPath(`/dev/${name}`), path, '', MS_BIND, '');
  }
}
