import { expectedMount } from '../pipeline/expectation.js';
import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import { MOUNT_ATTR_RDONLY } from '../syscalls/mount-flags.js';
import { containerPath } from '../syscalls/paths.js';
import { makeReadonly, READONLY_BY_REMOUNT } from './readonly-mount.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { ASKS_AGAIN, whileBusy } from './while-busy.js';

/** Makes the root read-only, when nothing has to be written to it any more. */
@injectable()
export class ReadonlyRootStep implements Step<object> {
  static readonly stepName = 'readonly-root';
  static readonly view = 'container';
  static readonly replayable = true;
  static readonly after = ['root-switch'];
  static readonly fallbacks = READONLY_BY_REMOUNT;
  static readonly tolerates = [ASKS_AGAIN];

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): object {
    return new OptionReader(input).done({});
  }

  /** Whether the root is read-only behind it. */
  static readonlyRoot(): boolean {
    return true;
  }

  describe(): string {
    return 'make the root read-only, keeping its other flags';
  }

  execute(_options: object, context: StepContext): void {
    const { root } = context;
    // By path: the container's proc, through which descriptors are named, may not show this thread.
    whileBusy(() => makeReadonly(this.sys, context, root.fd, false, { path: containerPath('/') }));
    context.expect(expectedMount(this.sys, root.fd, { attributes: MOUNT_ATTR_RDONLY }));
  }
}
