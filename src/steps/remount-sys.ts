import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, Tolerance } from '../pipeline/step.js';
import { flags } from '../syscalls/flags.js';
import { MNT_DETACH, MS_NODEV, MS_NOEXEC, MS_NOSUID } from '../syscalls/mount-flags.js';
import { containerPath, sourceName } from '../syscalls/paths.js';
import { isErrno } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';

/** Shows the devices of the network namespace that was joined, in a container that is running. */
@injectable()
export class RemountSysStep implements Step<object> {
  static readonly stepName = 'remount-sys';
  static readonly view = 'container';
  static readonly replayable = true;

  static readonly tolerates = [
    { call: 'umount2', errnos: ['EINVAL'], because: 'nothing is mounted there, or it is locked' },
  ] as const satisfies readonly Tolerance[];

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): object {
    return new OptionReader(input).done({});
  }

  describe(): string {
    return 'replace /sys by a new sysfs';
  }

  execute(): void {
    const target = containerPath('/sys');
    try {
      this.sys.umount2(target, MNT_DETACH);
    } catch (error) {
      // Nothing is mounted there, or it is locked: the seed leaves it as it is.
      if (isErrno(error, 'EINVAL')) return;
      throw error;
    }
    this.sys.mount(sourceName('sysfs'), target, 'sysfs', flags(MS_NOSUID, MS_NODEV, MS_NOEXEC), '');
  }
}
