import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step } from '../pipeline/step.js';
import { flags } from '../syscalls/flags.js';
import { MNT_DETACH, MS_NODEV, MS_NOEXEC, MS_NOSUID } from '../syscalls/mount-flags.js';
import { containerPath, sourceName } from '../syscalls/paths.js';
import type { Syscalls } from '../syscalls/syscalls.js';

/** Shows the processes of the PID namespace that was joined, in a container that is running. */
@injectable()
export class RemountProcStep implements Step<object> {
  static readonly stepName = 'remount-proc';
  static readonly view = 'container';
  static readonly replayable = true;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): object {
    return new OptionReader(input).done({});
  }

  describe(): string {
    return 'replace /proc by a new proc';
  }

  execute(): void {
    const target = containerPath('/proc');
    this.sys.umount2(target, MNT_DETACH);
    this.sys.mount(sourceName('proc'), target, 'proc', flags(MS_NOSUID, MS_NODEV, MS_NOEXEC), '');
  }
}
