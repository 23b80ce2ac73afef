import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import { flags } from '../syscalls/flags.js';
import { MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID } from '../syscalls/mount-flags.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { mountNew, withFd } from './attach-mount.js';
import { OLD_MOUNT_API } from './old-mount-api.js';
import { DEV_DIRECTORY } from './keys.js';

/** What `dev` takes. */
export interface DevOptions {
  /** As tmpfs(5) takes it. */
  readonly size: string;
}

/** Gives the container a /dev of its own, so that nothing stays behind on the image. */
@injectable()
export class DevStep implements Step<DevOptions> {
  static readonly stepName = 'dev';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['bind-rootfs'];
  static readonly writesRoot = true;
  static readonly fallbacks = OLD_MOUNT_API;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): DevOptions {
    const given = new OptionReader(input);
    return given.done({ size: given.string('size', '65536k') });
  }

  describe({ size }: DevOptions): string {
    return `mount a tmpfs of ${size} on /dev`;
  }

  execute({ size }: DevOptions, context: StepContext): void {
    // 0755 and never 1777: in a sticky directory `> /dev/null` is EACCES for others (Linux 4.19).
    const wanted = {
      fstype: 'tmpfs',
      source: 'tmpfs',
      attributes: flags(MOUNT_ATTR_NOSUID, MOUNT_ATTR_NOEXEC),
      options: { mode: '0755', size },
    };
    withFd(this.sys, context.root.realDirectory('/dev', 0o755), (target) => {
      context.provide(DEV_DIRECTORY, mountNew(this.sys, context, wanted, target));
    });
  }
}
