import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import { flags } from '../syscalls/flags.js';
import { MOUNT_ATTR_NODEV, MOUNT_ATTR_NOSUID } from '../syscalls/mount-flags.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { mountNew, withFd } from './attach-mount.js';
import { OLD_MOUNT_API } from './old-mount-api.js';
import { checkPlace } from './identity.js';

/** What `tmpfs-mount` takes. */
export interface TmpfsMountOptions {
  /** Where it is mounted in the container; made if it is missing. */
  readonly target: string;
  /** As tmpfs(5) takes it, half of the memory when empty. */
  readonly size: string;
}

/** Mounts an empty file system in memory. */
@injectable()
export class TmpfsMountStep implements Step<TmpfsMountOptions> {
  static readonly stepName = 'tmpfs-mount';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['bind-rootfs', 'dev', 'system-mounts'];
  static readonly writesRoot = true;
  static readonly repeatable = true;
  static readonly fallbacks = OLD_MOUNT_API;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): TmpfsMountOptions {
    const given = new OptionReader(input);
    return given.done({ target: given.containerPath('target'), size: given.string('size', '') });
  }

  describe({ target, size }: TmpfsMountOptions): string {
    return `mount a tmpfs${size === '' ? '' : ` of ${size}`} on ${target}`;
  }

  execute({ target, size }: TmpfsMountOptions, context: StepContext): void {
    const wanted = {
      fstype: 'tmpfs',
      source: 'tmpfs',
      attributes: flags(MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV),
      options: size === '' ? { mode: '1777' } : { mode: '1777', size },
    };
    withFd(this.sys, context.root.mkdirAll(target, 0o755), (place) => {
      checkPlace(this.sys, context.root.fd, place, target);
      mountNew(this.sys, context, wanted, place);
    });
  }
}
