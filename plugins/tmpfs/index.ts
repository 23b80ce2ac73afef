import {
  AT_EMPTY_PATH,
  attachMount,
  changeAttributes,
  checkPlace,
  createMount,
  describeAttributes,
  inject,
  injectable,
  isErrno,
  newMountFlags,
  OptionReader,
  STATX_BASIC_STATS,
  SYSCALLS,
  withFd,
  withoutUmask,
  type Fd,
  type Statx,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';
import { applyAttributes, copyTree, openListed } from './copy-tree.js';
import { readTmpfs, type TmpfsOptions } from './options.js';

export type { TmpfsOptions } from './options.js';
export { TmpfsReadonlyStep, type TmpfsReadonlyOptions } from './tmpfs-readonly.js';

/** Mounts a file system in memory, empty or with a copy of what it covers. */
@injectable()
export class TmpfsStep implements Step<TmpfsOptions> {
  static readonly stepName = 'tmpfs';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['bind-rootfs', 'overlay-root', 'dev', 'system-mounts'];
  static readonly writesRoot = true;
  static readonly repeatable = true;
  static readonly tolerates = [
    { call: 'openat2', errnos: ['ENOENT'], because: 'there is nothing that it could cover' },
  ] as const;
  static readonly fallbacks = {
    'skip-devices': {
      when: ['EPERM'],
      instead: 'device nodes are left out of the copy',
      cost: 'what needs them does not find them',
    },
    'caller-owns': {
      when: ['EINVAL'],
      instead: 'the caller owns the copy of what belongs to ids that are not mapped',
      cost: 'the owners are not those of the image',
    },
  };

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): TmpfsOptions {
    return readTmpfs(new OptionReader(input));
  }

  describe(options: TmpfsOptions): readonly string[] {
    const { target, size, copyUp } = options;
    const limit = size === '' ? '' : ` of ${size}`;
    const mount = `mount a tmpfs${limit} on ${target}, ${describeAttributes(options)}`;
    return copyUp ? [`copy what is in ${target} into a tmpfs`, mount] : [mount];
  }

  execute(options: TmpfsOptions, context: StepContext): void {
    const { place, existed } = this.#openTarget(options.target, context);
    withFd(this.sys, place, () => {
      checkPlace(this.sys, context.root.fd, place, options.target);
      const covered = existed
        ? this.sys.statx(place, '', AT_EMPTY_PATH, STATX_BASIC_STATS)
        : undefined;
      const tmpfs = context.keep(this.#create(options, covered));
      if (options.copyUp && covered !== undefined)
        this.#copyUp(options, context, { place, tmpfs, covered });
      if (options.readonly === true)
        changeAttributes(this.sys, tmpfs, { readonly: true }, { recursive: false });
      attachMount(this.sys, context, tmpfs, place, {
        attributes: newMountFlags({ ...options, atime: undefined }),
      });
    });
  }

  #openTarget(target: string, { root }: StepContext): { place: Fd; existed: boolean } {
    try {
      return { place: root.openDirectory(target), existed: true };
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
      return { place: root.mkdirAll(target, 0o755), existed: false };
    }
  }

  #create(options: TmpfsOptions, covered: Statx | undefined): Fd {
    const { source, size, inodes, uid, gid } = options;
    const mode = options.mode ?? (covered === undefined ? 0o1777 : covered.mode & 0o7777);
    return createMount(this.sys, {
      fstype: 'tmpfs',
      source,
      // Writable until the copy is there.
      attributes: newMountFlags({ ...options, readonly: false }),
      options: {
        mode: mode.toString(8).padStart(4, '0'),
        ...(size === '' ? {} : { size }),
        ...(inodes === 0 ? {} : { nr_inodes: String(inodes) }),
        ...(uid === undefined ? {} : { uid: String(uid) }),
        ...(gid === undefined ? {} : { gid: String(gid) }),
      },
    });
  }

  #copyUp(
    { mode, uid, gid }: TmpfsOptions,
    context: StepContext,
    { place, tmpfs, covered }: { place: Fd; tmpfs: Fd; covered: Statx },
  ): void {
    const { sys } = this;
    const told = new Set<string>();
    const once = (fallback: string) => (error: unknown) => {
      if (!told.has(fallback)) context.fallBack(fallback, error);
      told.add(fallback);
    };
    const copy = { sys, skipDevice: once('skip-devices'), keepOwner: once('caller-owns') };
    // fchmod(2) is told exactly; mknodat(2) would take the umask off.
    withoutUmask(sys, () => {
      withFd(sys, openListed(sys, place), (from) => {
        withFd(sys, openListed(sys, tmpfs), (to) => {
          copyTree(copy, from, to);
          applyAttributes(copy, to, {
            ...covered,
            mode: mode ?? covered.mode,
            uid: uid ?? covered.uid,
            gid: gid ?? covered.gid,
          });
        });
      });
    });
  }
}
