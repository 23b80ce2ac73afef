import { expectedMount } from '../pipeline/expectation.js';
import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import { AT_EMPTY_PATH } from '../syscalls/file-flags.js';
import { MOUNT_ATTR_RDONLY } from '../syscalls/mount-flags.js';
import type { Syscalls } from '../syscalls/syscalls.js';

/** Makes the root read-only, when nothing has to be written to it any more. */
@injectable()
export class ReadonlyRootStep implements Step<object> {
  static readonly stepName = 'readonly-root';
  static readonly view = 'container';
  static readonly after = ['root-switch'];

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  static parse(input: unknown): object {
    return new OptionReader(input).done({});
  }

  static readonlyRoot(): boolean {
    return true;
  }

  describe(): string {
    return 'make the root read-only, keeping its other flags';
  }

  execute(_options: object, { root, expect }: StepContext): void {
    // It only adds: nosuid, nodev, noexec and the atime mode stay, locked or not.
    this.sys.mount_setattr(root.fd, '', AT_EMPTY_PATH, { attr_set: MOUNT_ATTR_RDONLY });
    expect(expectedMount(this.sys, root.fd, { attributes: MOUNT_ATTR_RDONLY }));
  }
}
