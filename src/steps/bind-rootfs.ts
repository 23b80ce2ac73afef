import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import { ROOTFS } from '../pipeline/run.js';
import { NsinitError } from '../pipeline/errors.js';
import { AT_FDCWD, type Fd } from '../syscalls/descriptor.js';
import { O_CLOEXEC, O_DIRECTORY, O_PATH, STATX_ATTR_MOUNT_ROOT } from '../syscalls/file-flags.js';
import { flags, hasFlags } from '../syscalls/flags.js';
import { readMountinfo } from '../syscalls/mountinfo.js';
import {
  MOUNT_ATTR_RDONLY,
  MS_BIND,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_REMOUNT,
} from '../syscalls/mount-flags.js';
import { fdPath, hostPath } from '../syscalls/paths.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { keepMounted } from './attach-mount.js';
import { isSameFile, statOf } from './identity.js';
import { makeReadonlyBelow, READONLY_BY_REMOUNT } from './readonly-mount.js';

/** What `bind-rootfs` takes. */
export interface BindRootfsOptions {
  /** Makes it read-only at once, as the seed did: every later step that writes fails. */
  readonly readonly: boolean;
  /** Makes the mount around the root private where it is shared; else pivot_root(2) is EINVAL. */
  readonly privateParent: boolean;
  /** Makes what is mounted below the directory read-only, and not the root itself yet. */
  readonly readonlyBelow: boolean;
}

/** Binds the root directory on itself: pivot_root(2) wants a mount point. */
@injectable()
export class BindRootfsStep implements Step<BindRootfsOptions> {
  static readonly stepName = 'bind-rootfs';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['propagation'];
  static readonly fallbacks = READONLY_BY_REMOUNT;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): BindRootfsOptions {
    const given = new OptionReader(input);
    return given.done({
      readonly: given.boolean('readonly', false),
      privateParent: given.boolean('privateParent', false),
      readonlyBelow: given.boolean('readonlyBelow', false),
    });
  }

  /** Whether the root is read-only behind it. */
  static readonlyRoot(options: BindRootfsOptions): boolean {
    return options.readonly;
  }

  describe({ readonly, readonlyBelow }: BindRootfsOptions): readonly string[] {
    return [
      'bind the root on itself, with what is mounted below it',
      ...(readonly ? ['make it read-only'] : []),
      ...(readonlyBelow ? ['make what is mounted below it read-only'] : []),
    ];
  }

  execute(
    { readonly, privateParent, readonlyBelow }: BindRootfsOptions,
    context: StepContext,
  ): void {
    const { root } = context;
    const rootfs = context.need(ROOTFS);
    if (privateParent) this.#makeParentPrivate(root.fd);
    this.sys.mount(fdPath(root.fd), fdPath(root.fd), 'bind', flags(MS_BIND, MS_REC), '');
    // The old descriptor leads below the new mount; the caller's path leads to its top.
    const how = { flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC) };
    const bound = keepMounted(this.sys, context, () => this.sys.openat2(AT_FDCWD, rootfs, how));
    const stat = statOf(this.sys, bound);
    // The caller's path may lead elsewhere by now: the directory can have been renamed.
    if (
      !isSameFile(stat, statOf(this.sys, root.fd)) ||
      !hasFlags(stat.attributes, STATX_ATTR_MOUNT_ROOT)
    ) {
      throw new NsinitError(
        'NSINIT_VERIFY',
        `${rootfs} is not the directory any more that it was at the start: another process has replaced it`,
      );
    }
    root.rebase(bound);
    if (readonlyBelow) makeReadonlyBelow(this.sys, context, bound);
    context.expect({
      mount: stat.mntId,
      name: rootfs,
      ...(readonly ? { attributes: MOUNT_ATTR_RDONLY } : {}),
    });
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

  #makeParentPrivate(root: Fd): void {
    const { mntId } = statOf(this.sys, root);
    const around = readMountinfo(this.sys).find(({ id }) => BigInt(id) === mntId);
    if (around?.shared === true)
      this.sys.mount('', hostPath(around.mountPoint), '', MS_PRIVATE, '');
  }
}
