import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import { ROOTFS } from '../pipeline/run.js';
import { AT_FDCWD } from '../syscalls/descriptor.js';
import { O_CLOEXEC, O_DIRECTORY, O_PATH } from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import { readMountinfo } from '../syscalls/mountinfo.js';
import { MS_BIND, MS_PRIVATE, MS_RDONLY, MS_REC, MS_REMOUNT } from '../syscalls/mount-flags.js';
import { fdPath, hostPath } from '../syscalls/paths.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { deferUmount } from './attach-mount.js';

export interface BindRootfsOptions {
  /** Makes it read-only at once, as the seed did: every later step that writes fails. */
  readonly readonly: boolean;
  /** Makes the mount around the root private where it is shared; else pivot_root(2) is EINVAL. */
  readonly privateParent: boolean;
}

/** Binds the root directory on itself: pivot_root(2) wants a mount point. */
@injectable()
export class BindRootfsStep implements Step<BindRootfsOptions> {
  static readonly stepName = 'bind-rootfs';
  static readonly view = 'host';
  static readonly after = ['propagation'];

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  static parse(input: unknown): BindRootfsOptions {
    const given = new OptionReader(input);
    return given.done({
      readonly: given.boolean('readonly', false),
      privateParent: given.boolean('privateParent', false),
    });
  }

  static readonlyRoot(options: BindRootfsOptions): boolean {
    return options.readonly;
  }

  describe({ readonly }: BindRootfsOptions): readonly string[] {
    const bind = 'bind the root on itself, with what is mounted below it';
    return readonly ? [bind, 'make it read-only'] : [bind];
  }

  execute({ readonly, privateParent }: BindRootfsOptions, context: StepContext): void {
    const { root } = context;
    const rootfs = context.need(ROOTFS);
    if (privateParent) this.#makeParentPrivate(rootfs);
    this.sys.mount(fdPath(root.fd), fdPath(root.fd), 'bind', flags(MS_BIND, MS_REC), '');
    // The old descriptor leads below the new mount; the caller's path leads to its top.
    const bound = this.sys.openat2(AT_FDCWD, rootfs, {
      flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC),
    });
    deferUmount(this.sys, context, bound);
    root.rebase(bound);
    if (readonly) {
      this.sys.mount(
        fdPath(bound),
        fdPath(bound),
        'bind',
        flags(MS_BIND, MS_REMOUNT, MS_RDONLY, MS_REC),
        '',
      );
    }
  }

  #makeParentPrivate(rootfs: string): void {
    const around = readMountinfo(this.sys)
      .filter(
        ({ mountPoint }) =>
          mountPoint === '/' || rootfs === mountPoint || rootfs.startsWith(`${mountPoint}/`),
      )
      .reduce((nearest, mount) =>
        mount.mountPoint.length >= nearest.mountPoint.length ? mount : nearest,
      );
    if (around.shared) this.sys.mount('', hostPath(around.mountPoint), '', MS_PRIVATE, '');
  }
}
