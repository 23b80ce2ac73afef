import {
  containerPath,
  flags,
  inject,
  injectable,
  MS_PRIVATE,
  MS_REC,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
  OptionReader,
  SYSCALLS,
  type MountFlags,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';

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

/** What `linux.rootfsPropagation` may be; the recursive ones are an extension of all engines. */
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
  static readonly stepName = 'oci:root-propagation';
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
