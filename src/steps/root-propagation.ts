import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import { flags } from '../syscalls/flags.js';
import { MS_REC } from '../syscalls/mount-flags.js';
import { containerPath } from '../syscalls/paths.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { MOUNT_PROPAGATION, propagationFlag, type MountPropagation } from './spread-mount.js';

/** `linux.rootfsPropagation` of a configuration. */
export interface RootPropagationOptions {
  readonly mode: MountPropagation;
}

/**
 * Sets how mounts of the finished root spread. Behind the switch: a shared root could not be
 * pivoted to (pivot_root(2)), and an unbindable one not bound.
 */
@injectable()
export class RootPropagationStep implements Step<RootPropagationOptions> {
  static readonly stepName = 'root-propagation';
  static readonly view = 'container';
  static readonly replayable = true;
  static readonly after = ['root-switch'];

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): RootPropagationOptions {
    const given = new OptionReader(input);
    return given.done({ mode: given.oneOf('mode', MOUNT_PROPAGATION, 'rslave') });
  }

  describe({ mode }: RootPropagationOptions): string {
    return `make the new root ${mode}`;
  }

  execute({ mode }: RootPropagationOptions, { expect }: StepContext): void {
    const how = propagationFlag(mode);
    const all = mode.startsWith('r') ? flags(how, MS_REC) : how;
    this.sys.mount('', containerPath('/'), '', all, '');
    if (mode.endsWith('shared')) expect({ propagation: 'any' });
  }
}
