import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import { NsinitError } from '../pipeline/errors.js';
import { AT_FDCWD, type Fd } from '../syscalls/descriptor.js';
import { O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_PATH } from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import {
  MOUNT_ATTR_NODEV,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
  type MountAttrFlags,
} from '../syscalls/mount-flags.js';
import { component, hostPath } from '../syscalls/paths.js';
import { isErrno } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { USER_NAMESPACE } from './keys.js';
import { attachMount, createMount, deferUmount, withFd } from './attach-mount.js';

const DIRECTORY = flags(O_PATH, O_DIRECTORY, O_CLOEXEC);
const PLACES = ['/tmp', '/mnt', '/run', '/var', '/home', '/etc'];

/**
 * Makes a root that is a copy of this machine's: an overlay with / below and a tmpfs above, so that
 * nothing written to it survives. Only the file system of / is copied, not what is mounted on it.
 */
@injectable()
export class ThrowawayRootStep implements Step<object> {
  static readonly stepName = 'throwaway-root';
  static readonly view = 'host';
  static readonly after = ['propagation'];

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  static parse(input: unknown): object {
    return new OptionReader(input).done({});
  }

  describe(): readonly string[] {
    return ['mount a tmpfs for what is written', "mount an overlay of it over the machine's /"];
  }

  execute(_options: object, context: StepContext): void {
    const { sys } = this;
    const upper = createMount(sys, {
      fstype: 'tmpfs',
      source: 'tmpfs',
      attributes: MOUNT_ATTR_NODEV,
      options: { mode: '0755' },
    });
    this.#attachToHost(context, upper);
    for (const name of ['upper', 'work', 'root']) sys.mkdirat(upper, component(name), 0o755);
    const options: Record<string, string | true> = {
      lowerdir: '/',
      upperdir: `/proc/thread-self/fd/${upper}/upper`,
      workdir: `/proc/thread-self/fd/${upper}/work`,
    };
    // In a user namespace the trusted attributes cannot be written (Linux 5.11).
    if (context.find(USER_NAMESPACE) === true) options.userxattr = true;
    const root = this.#overlay(options);
    withFd(sys, sys.openat2(upper, component('root'), { flags: DIRECTORY }), (place) => {
      attachMount(sys, context, root, place);
    });
    sys.descriptors.set(root, '/');
    context.root.rebase(root);
  }

  #overlay(options: Record<string, string | true>): Fd {
    try {
      return createMount(this.sys, {
        fstype: 'overlay',
        source: 'overlay',
        attributes: flags<MountAttrFlags>(),
        options,
      });
    } catch (error) {
      if (options.userxattr !== true || !isErrno(error, 'EINVAL')) throw error;
      throw error.withHint(
        'in a user namespace / cannot be copied, since what is mounted below it is locked: give --rootfs',
      );
    }
  }

  /** Over a directory that stays usable below it: the overlay shows what is on the disk. */
  #attachToHost(context: StepContext, mount: Fd): void {
    withFd(this.sys, this.#openPlace(), (place) => {
      const how = flags(MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH);
      this.sys.move_mount(mount, '', place, '', how);
      // Nothing is promised of it: it is left with the host's tree.
      deferUmount(this.sys, context, mount);
    });
  }

  // Not over / itself: the old root could not be detached then, it would be below the new one.
  #openPlace(): Fd {
    for (const path of PLACES) {
      try {
        return this.sys.openat2(AT_FDCWD, hostPath(path), { flags: flags(DIRECTORY, O_NOFOLLOW) });
      } catch (error) {
        if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error;
      }
    }
    throw new NsinitError(
      'NSINIT_ROOTFS',
      `none of ${PLACES.join(', ')} is a directory here, to hold the copy: give --rootfs`,
    );
  }
}
