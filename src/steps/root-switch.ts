import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext, Tolerance } from '../pipeline/step.js';
import { NsinitError } from '../pipeline/errors.js';
import { ROOT_SWITCHED } from '../pipeline/run.js';
import { AT_FDCWD, type Fd } from '../syscalls/descriptor.js';
import {
  AT_EMPTY_PATH,
  AT_REMOVEDIR,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  STATX_BASIC_STATS,
  STATX_MNT_ID,
  type AtFlags,
} from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import { readMountinfo, type MountinfoEntry } from '../syscalls/mountinfo.js';
import {
  MNT_DETACH,
  MOVE_MOUNT_F_EMPTY_PATH,
  MS_MOVE,
  MS_REC,
  MS_SLAVE,
} from '../syscalls/mount-flags.js';
import {
  component,
  containerPath,
  fdPath,
  hostPath,
  sourceName,
  type HostPath,
} from '../syscalls/paths.js';
import { isErrno } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { withFd } from './attach-mount.js';
import { HOST_PROC } from './keys.js';
import { cannotPivotHere, explainPivotError } from './pivot-hint.js';

const MOUNT_ID = flags(STATX_BASIC_STATS, STATX_MNT_ID);
const METHODS = ['pivot', 'move', 'classic-pivot', 'classic-move'] as const;

/** What `root-switch` takes. */
export interface RootSwitchOptions {
  /**
   * pivot_root(2), or MS_MOVE and chroot(2) where the root file system cannot be pivoted. The
   * classic ones make the seed's calls: a directory for the old root, and nothing hidden.
   */
  readonly method: (typeof METHODS)[number];
}

/** Makes the root the root, and leaves the host's. */
@injectable()
export class RootSwitchStep implements Step<RootSwitchOptions> {
  static readonly stepName = 'root-switch';
  static readonly view = 'either';
  static readonly replayable = true;
  static readonly after = [
    'bind-rootfs',
    'system-mounts',
    'device-nodes',
    'dev-symlinks',
    'ptmx',
    'console',
  ];
  static readonly switchesRoot = true;
  static readonly fallbacks = {
    'move-root': {
      when: ['EINVAL'],
      instead: 'the root is moved over the initramfs, which cannot be pivoted',
      cost: "the host's mounts stay in the container's mount namespace, below its root",
    },
  };

  static readonly tolerates = [
    {
      call: 'umount2',
      errnos: ['EINVAL', 'EPERM'],
      because: 'a proc or sysfs that is locked is covered instead',
    },
    { call: 'mkdirat', errnos: ['EEXIST'], because: 'the next name is taken for the old root' },
    {
      call: 'openat2',
      errnos: ['ENOENT', 'ENOTDIR', 'EACCES'],
      because: "without the host's /proc the container's own will do for verify, or a new one",
    },
  ] as const satisfies readonly Tolerance[];

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): RootSwitchOptions {
    const given = new OptionReader(input);
    return given.done({ method: given.oneOf('method', METHODS, 'pivot') });
  }

  describe({ method }: RootSwitchOptions): readonly string[] {
    return method.endsWith('pivot')
      ? ['pivot_root to the new root', 'detach the old root']
      : ['move the new root over /', 'chroot to it'];
  }

  execute({ method }: RootSwitchOptions, context: StepContext): void {
    this.#keepHostProc(context);
    const before = hostPath(this.sys.getcwd());
    context.defer(() => this.sys.chdir(before));
    if (method.startsWith('classic')) this.sys.chdir(fdPath(context.root.fd));
    else this.sys.fchdir(context.root.fd);
    if (method === 'pivot') this.#pivotOrMove(context);
    else if (method === 'classic-pivot') this.#classicPivot(context);
    else if (method === 'classic-move') this.#classicMove(context);
    else this.#move(context);
    this.#verify(context);
  }

  /**
   * `/..` leads to the top of what is stacked on /: a process that enters the namespace later gets
   * that as its root, so nothing of the host may be there.
   */
  #verify({ root }: StepContext): void {
    const top = this.sys.statx(AT_FDCWD, containerPath('/..'), flags<AtFlags>(), MOUNT_ID);
    const own = this.sys.statx(root.fd, '', AT_EMPTY_PATH, MOUNT_ID);
    if (top.mntId === own.mntId) return;
    throw new NsinitError(
      'NSINIT_VERIFY',
      'something else is mounted over the new root: the host could be reached',
    );
  }

  /** For `verify`: this thread may be outside of what the container's proc shows. */
  #keepHostProc(context: StepContext): void {
    const how = { flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC) };
    try {
      context.provide(HOST_PROC, context.keep(this.sys.openat2(AT_FDCWD, hostPath('/proc'), how)));
    } catch (error) {
      // A host without /proc: the container's own will do, or a new one.
      if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) throw error;
    }
  }

  #pivotOrMove(context: StepContext): void {
    try {
      this.#pivot(context);
    } catch (error) {
      if (!cannotPivotHere(error)) throw error;
      context.fallBack('move-root', error);
      this.#move(context);
    }
  }

  /** Needs no directory for the old root: it is stacked on the new one (pivot_root(2), NOTES). */
  #pivot(context: StepContext): void {
    withFd(this.sys, this.#openOldRoot(), (old) => {
      explainPivotError(this.sys, context, () => this.sys.pivot_root('.', '.'));
      context.need(ROOT_SWITCHED)();
      this.#makeSlave(old);
      this.sys.umount2('.', MNT_DETACH);
    });
    this.sys.chdir(containerPath('/'));
  }

  #classicPivot(context: StepContext): void {
    const { root } = context;
    const spreads = readMountinfo(this.sys).some(({ shared }) => shared);
    const name = this.#makePutOld(context, root.fd);
    withFd(this.sys, this.#openOldRoot(), (old) => {
      withFd(this.sys, root.enterIn(root.fd, name, 0o700), (putOld) => {
        explainPivotError(this.sys, context, () =>
          this.sys.pivot_root(fdPath(root.fd), fdPath(putOld)),
        );
        context.need(ROOT_SWITCHED)();
      });
      if (spreads) this.#makeSlave(old);
      this.sys.chdir(containerPath('/'));
      this.sys.umount2(containerPath(`/${name}`), MNT_DETACH);
      this.#checkDetached(old, name);
    });
    this.sys.fchdir(root.fd);
    this.sys.unlinkat(root.fd, component(name), AT_REMOVEDIR);
  }

  /** So that the detaching does not spread to the host. */
  #makeSlave(old: Fd): void {
    this.sys.fchdir(old);
    this.sys.mount('', '.', '', flags(MS_SLAVE, MS_REC), '');
  }

  #openOldRoot(): Fd {
    const how = { flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC) };
    return this.sys.openat2(AT_FDCWD, hostPath('/'), how);
  }

  /**
   * The seed detaches the old root by name. Where another process has put a different mount under
   * that name, the host's files are still below the new root: getcwd(2) has a path for them then.
   */
  #checkDetached(old: Fd, name: string): void {
    this.sys.fchdir(old);
    if (this.sys.getcwd().startsWith('(unreachable)')) return;
    throw new NsinitError(
      'NSINIT_VERIFY',
      `/${name} was not the old root any more: another process has replaced it`,
    );
  }

  // Counted up and not drawn by lot, so that a plan and its run have the same name.
  #makePutOld({ root }: StepContext, directory: Fd): string {
    for (let suffix = 0; ; suffix += 1) {
      const name = `.pivot_root${suffix}`;
      if (root.mkdirIn(directory, name, 0o700)) return name;
    }
  }

  #classicMove(context: StepContext): void {
    explainPivotError(this.sys, context, () =>
      this.sys.mount(fdPath(context.root.fd), hostPath('/'), '', MS_MOVE, ''),
    );
    context.need(ROOT_SWITCHED)();
    this.#enterMoved();
  }

  /**
   * By descriptor: a path would lead through /proc. What is to be hidden is looked up before, and
   * hidden after, when the old root is still the root of this process: a move that fails has then
   * changed nothing.
   */
  #move(context: StepContext): void {
    const revealing = this.#findRevealing(context);
    explainPivotError(this.sys, context, () =>
      this.sys.move_mount(context.root.fd, '', AT_FDCWD, hostPath('/'), MOVE_MOUNT_F_EMPTY_PATH),
    );
    context.need(ROOT_SWITCHED)();
    for (const path of revealing) this.#hide(path);
    this.#enterMoved();
  }

  #enterMoved(): void {
    this.sys.chroot('.');
    this.sys.chdir(containerPath('/'));
  }

  /** Nothing is detached by a move, so every whole proc and sysfs of the host is hidden. */
  #findRevealing({ root }: StepContext): HostPath[] {
    const mounts = readMountinfo(this.sys);
    const { mntId } = this.sys.statx(root.fd, '', AT_EMPTY_PATH, MOUNT_ID);
    const own = mountsBelow(mounts, Number(mntId));
    return mounts
      .reverse()
      .filter(({ fstype, root: part }) => part === '/' && (fstype === 'proc' || fstype === 'sysfs'))
      .filter(({ id }) => !own.has(id))
      .map(({ mountPoint }) => hostPath(mountPoint));
  }

  #hide(path: HostPath): void {
    try {
      this.sys.umount2(path, MNT_DETACH);
    } catch (error) {
      if (!isErrno(error, 'EINVAL', 'EPERM')) throw error;
      // A locked mount cannot be removed, but covered.
      this.sys.mount(sourceName('tmpfs'), path, 'tmpfs', flags(), 'size=0k');
    }
  }
}

/** A mount and what is mounted below it, by id: the caller's path may be a link, mountinfo has none. */
function mountsBelow(mounts: readonly MountinfoEntry[], top: number): ReadonlySet<number> {
  const below = new Set([top]);
  // A parent may stand behind its child (MS_MOVE).
  for (let before = 0; before < below.size;) {
    before = below.size;
    for (const { id, parent } of mounts) if (below.has(parent)) below.add(id);
  }
  return below;
}
