import {
  ASKS_AGAIN,
  AT_EMPTY_PATH,
  expectedMount,
  flags,
  hasFlags,
  inject,
  injectable,
  MOUNT_ATTR_RDONLY,
  NsinitError,
  O_DIRECTORY,
  O_PATH,
  OptionReader,
  STATX_ATTR_MOUNT_ROOT,
  STATX_BASIC_STATS,
  SYSCALLS,
  TMPFS_MAGIC,
  whileBusy,
  type Fd,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';

/** Which file systems. */
export interface TmpfsReadonlyOptions {
  /** Where the file systems are mounted in the container. */
  readonly targets: readonly string[];
}

/**
 * Makes file systems in memory read-only once everything that has to be is in them: for /dev, or a
 * tmpfs in which later steps make mount points. Goes before or behind the root switch.
 */
@injectable()
export class TmpfsReadonlyStep implements Step<TmpfsReadonlyOptions> {
  static readonly stepName = 'tmpfs-readonly';
  static readonly view = 'either';
  static readonly replayable = true;
  static readonly after = ['tmpfs', 'dev', 'device-nodes', 'dev-symlinks', 'ptmx', 'console'];
  static readonly repeatable = true;
  static readonly tolerates = [ASKS_AGAIN];

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): TmpfsReadonlyOptions {
    const given = new OptionReader(input);
    const targets = given.list('targets', (item, name) => item.mountPoint(name));
    return given.done({ targets });
  }

  describe({ targets }: TmpfsReadonlyOptions): readonly string[] {
    return targets.map((target) => `make ${target} read-only`);
  }

  execute({ targets }: TmpfsReadonlyOptions, context: StepContext): void {
    for (const target of targets) {
      const fd = context.keep(context.root.open(target, flags(O_PATH, O_DIRECTORY)));
      this.#check(target, fd);
      const was = this.#isReadonly(fd);
      whileBusy(() =>
        this.sys.mount_setattr(fd, '', AT_EMPTY_PATH, { attr_set: MOUNT_ATTR_RDONLY }),
      );
      if (!was) {
        context.defer(() =>
          this.sys.mount_setattr(fd, '', AT_EMPTY_PATH, { attr_clr: MOUNT_ATTR_RDONLY }),
        );
      }
      context.expect(expectedMount(this.sys, fd, { attributes: MOUNT_ATTR_RDONLY }));
    }
  }

  #check(target: string, fd: Fd): void {
    const { attributes } = this.sys.statx(fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
    const isTop = hasFlags(attributes, STATX_ATTR_MOUNT_ROOT);
    if (isTop && this.sys.fstatfs(fd).type === TMPFS_MAGIC) return;
    throw new NsinitError(
      'NSINIT_VERIFY',
      `${target} is not a tmpfs of its own: nothing else may be made read-only here`,
    );
  }

  /** ST_RDONLY (statfs(2)). */
  #isReadonly(fd: Fd): boolean {
    return (this.sys.fstatfs(fd).flags & 1) !== 0;
  }
}
