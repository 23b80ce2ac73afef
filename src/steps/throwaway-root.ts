import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext, Tolerance } from '../pipeline/step.js';
import { NsinitError } from '../pipeline/errors.js';
import { AT_FDCWD, type Fd } from '../syscalls/descriptor.js';
import {
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  STATX_BASIC_STATS,
  STATX_MNT_ID,
  type AtFlags,
} from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import { readMountinfo } from '../syscalls/mountinfo.js';
import {
  MOUNT_ATTR_NODEV,
  MS_UNBINDABLE,
  OPEN_TREE_AT_EMPTY_PATH,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  type MountAttrFlags,
} from '../syscalls/mount-flags.js';
import { component, fdPath, hostPath } from '../syscalls/paths.js';
import { isErrno, SyscallError } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { attachMount, attachUnpromised, createMount, orClose, withFd } from './attach-mount.js';
import { BIND_FALLBACKS, bindTree } from './bind-tree.js';
import { DirectoryCopy, OWN_DIRECTORIES } from './directory-copy.js';
import { ROOT_PARTS, USER_NAMESPACE } from './keys.js';

const DIRECTORY = flags(O_PATH, O_DIRECTORY, O_CLOEXEC);

/** Where the tmpfs may be attached; first where it hides what nobody binds from. */
const PLACES = [
  '/var/empty',
  '/usr/share/misc',
  '/usr/games',
  '/var/local',
  '/media',
  '/srv',
  '/mnt',
  '/run',
  '/var',
  '/home',
  '/etc',
  '/tmp',
];

/**
 * Makes a root that is a copy of this machine's, so that nothing written to it survives: an overlay
 * with / below and a tmpfs above, and in a user namespace one for each directory of /. What is
 * mounted on the machine is shown read-only, but for /proc, /sys and /dev.
 */
@injectable()
export class ThrowawayRootStep implements Step<object> {
  static readonly stepName = 'throwaway-root';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['propagation'];
  static readonly fallbacks = {
    ...BIND_FALLBACKS,
    'read-only-copy': {
      when: ['EINVAL', 'EPERM', 'EACCES'],
      instead: 'a directory that cannot be below an overlay is shown read-only',
      cost: 'nothing can be written there',
    },
    'without-mount': {
      when: ['EINVAL', 'ENOENT', 'EACCES', 'ENOTDIR', 'EPERM'],
      instead: 'a mount of this machine that cannot be bound is left out',
      cost: 'the directory that it is on is shown in its place',
    },
  };

  static readonly tolerates = [
    {
      call: 'openat2',
      errnos: ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'],
      because: 'the copy is held by the next directory that is there and can be reached',
    },
  ] as const satisfies readonly Tolerance[];

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): object {
    return new OptionReader(input).done({});
  }

  describe(): readonly string[] {
    return [
      'mount a tmpfs for what is written',
      "mount an overlay of it over the machine's /",
      "show the machine's other mounts read-only, without /proc, /sys and /dev",
    ];
  }

  execute(_options: object, context: StepContext): void {
    const { sys } = this;
    const inUserNamespace = context.find(USER_NAMESPACE) === true;
    // Everything of the host is opened before the tmpfs covers a part of it.
    const copy = inUserNamespace ? new DirectoryCopy(sys, context) : undefined;
    const mounts = copy === undefined ? this.#openMounts(context) : [];
    const scratch = createMount(sys, {
      fstype: 'tmpfs',
      source: 'tmpfs',
      attributes: MOUNT_ATTR_NODEV,
      options: { mode: '0755' },
    });
    this.#attachToHost(context, scratch);
    for (const name of ['upper', 'work', 'root']) sys.mkdirat(scratch, component(name), 0o755);
    withFd(sys, sys.openat2(scratch, component('root'), { flags: DIRECTORY }), (place) => {
      const root = copy === undefined ? this.#overlay(scratch) : this.#clone(place);
      attachMount(sys, context, root, place);
      sys.descriptors.set(root, '/');
      context.root.rebase(root);
      copy?.makeOverlays(scratch, root);
    });
    // Otherwise it would be shown with whatever is around its place. No overlay can be made with it then.
    sys.mount('', fdPath(scratch), '', MS_UNBINDABLE, '');
    copy?.showOthers();
    if (copy !== undefined) context.provide(ROOT_PARTS, copy.parts);
    for (const [path, fd] of mounts) this.#show(context, path, fd);
  }

  #overlay(scratch: Fd): Fd {
    return createMount(this.sys, {
      fstype: 'overlay',
      source: 'overlay',
      attributes: flags<MountAttrFlags>(),
      options: {
        lowerdir: '/',
        upperdir: `/proc/thread-self/fd/${scratch}/upper`,
        workdir: `/proc/thread-self/fd/${scratch}/work`,
      },
    });
  }

  #clone(directory: Fd): Fd {
    const how = flags(OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC, OPEN_TREE_AT_EMPTY_PATH);
    return this.sys.open_tree(directory, '', how);
  }

  /** What is mounted directly on /: with each comes what is mounted below it. */
  #openMounts(context: StepContext): Map<string, Fd> {
    const { sys } = this;
    const what = flags(STATX_BASIC_STATS, STATX_MNT_ID);
    const top = sys.statx(AT_FDCWD, hostPath('/'), flags<AtFlags>(), what).mntId;
    const opened = new Map<string, Fd>();
    const onTop = readMountinfo(sys).filter(
      ({ id, parent }) => BigInt(parent) === top && BigInt(id) !== top,
    );
    for (const { mountPoint } of onTop) {
      const covered = onTop.some((other) => mountPoint.startsWith(`${other.mountPoint}/`));
      if (covered || isOwn(mountPoint)) continue;
      try {
        const fd = sys.openat2(AT_FDCWD, hostPath(mountPoint), { flags: flags(O_PATH, O_CLOEXEC) });
        opened.set(mountPoint, context.keep(fd));
      } catch (error) {
        if (!(error instanceof SyscallError)) throw error;
        context.fallBack('without-mount', error);
      }
    }
    return opened;
  }

  #show(context: StepContext, path: string, source: Fd): void {
    try {
      withFd(this.sys, context.root.open(path, O_PATH), (place) =>
        bindTree(this.sys, context, source, place, { recursive: true, readonly: true }),
      );
    } catch (error) {
      if (!isErrno(error, 'EINVAL', 'ENOENT', 'EACCES', 'ENOTDIR', 'EPERM')) throw error;
      context.fallBack('without-mount', error);
    }
  }

  /** Over a directory that stays usable below it: the overlay shows what is on the disk. */
  #attachToHost(context: StepContext, mount: Fd): void {
    const place = orClose(this.sys, mount, () => this.#openPlace());
    withFd(this.sys, place, () => {
      attachUnpromised(this.sys, context, mount, place);
    });
  }

  // Not over / itself: the old root could not be detached then, it would be below the new one.
  #openPlace(): Fd {
    for (const path of PLACES) {
      try {
        return this.sys.openat2(AT_FDCWD, hostPath(path), { flags: flags(DIRECTORY, O_NOFOLLOW) });
      } catch (error) {
        if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES')) throw error;
      }
    }
    throw new NsinitError(
      'NSINIT_ROOTFS',
      `none of ${PLACES.join(', ')} is a directory here, to hold the copy: give --rootfs`,
    );
  }
}

const isOwn = (path: string): boolean =>
  OWN_DIRECTORIES.some((own) => path === own || path.startsWith(`${own}/`));
