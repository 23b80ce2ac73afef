import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import { flags } from '../syscalls/flags.js';
import {
  MS_PRIVATE,
  MS_REC,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
  type MountFlags,
} from '../syscalls/mount-flags.js';
import { containerPath } from '../syscalls/paths.js';
import type { Syscalls } from '../syscalls/syscalls.js';

const MODES = {
  private: MS_PRIVATE,
  rprivate: flags(MS_PRIVATE, MS_REC),
  slave: MS_SLAVE,
  rslave: flags(MS_SLAVE, MS_REC),
  shared: MS_SHARED,
  rshared: flags(MS_SHARED, MS_REC),
  unbindable: MS_UNBINDABLE,
  runbindable: flags(MS_UNBINDABLE, MS_REC),
} satisfies Record<string, MountFlags>;

/** How mounts of a root may spread; `r` with what is mounted on it (mount_namespaces(7)). */
export type RootPropagation = keyof typeof MODES;
export const ROOT_PROPAGATION = Object.keys(MODES) as readonly RootPropagation[];

/** `linux.rootfsPropagation` of a configuration. */
export interface RootPropagationOptions {
  readonly mode: RootPropagation;
}

/**
 * Sets how mounts of the finished root spread. Behind the switch: a shared root could not be
 * pivoted to (pivot_root(2)), and an unbindable one not bound.
 */
@injectable()
export class RootPropagationStep implements Step<RootPropagationOptions> {
  static readonly stepName = 'root-propagation';
  static readonly view = 'container';
  static readonly after = ['root-switch'];

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): RootPropagationOptions {
    const given = new OptionReader(input);
    return given.done({ mode: given.oneOf('mode', ROOT_PROPAGATION, 'rslave') });
  }

  describe({ mode }: RootPropagationOptions): string {
    return `make the new root ${mode}`;
  }

  execute({ mode }: RootPropagationOptions, { expect }: StepContext): void {
    this.sys.mount('', containerPath('/'), '', MODES[mode], '');
    if (mode.endsWith('shared')) expect({ propagation: 'any' });
  }
}
