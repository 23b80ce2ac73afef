import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import type { Syscalls } from '../syscalls/syscalls.js';

/** What `umask` takes. */
export interface UmaskOptions {
  /** Permission bits that new files do not get. */
  readonly mask: number;
}

/** Sets the umask that the container starts with. */
@injectable()
export class UmaskStep implements Step<UmaskOptions> {
  static readonly stepName = 'umask';
  static readonly view = 'either';
  static readonly replayable = true;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): UmaskOptions {
    const given = new OptionReader(input);
    return given.done({ mask: given.integer('mask', 0, 0o777, 0o022) });
  }

  describe({ mask }: UmaskOptions): string {
    return `set the umask to 0${mask.toString(8)}`;
  }

  execute({ mask }: UmaskOptions, context: StepContext): void {
    const before = this.sys.umask(mask);
    context.defer(() => {
      this.sys.umask(before);
    });
  }
}
