import type { PropagationExpectation } from '../pipeline/expectation.js';
import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import { flags } from '../syscalls/flags.js';
import {
  MS_PRIVATE,
  MS_REC,
  MS_SHARED,
  MS_SLAVE,
  type MountFlags,
} from '../syscalls/mount-flags.js';
import { hostPath } from '../syscalls/paths.js';
import type { Syscalls } from '../syscalls/syscalls.js';

/** How mounts spread between this namespace and the one it was copied from (mount_namespaces(7)). */
export type PropagationMode = 'private' | 'rprivate' | 'slave' | 'rslave' | 'shared' | 'rshared';

const MODES: Readonly<Record<PropagationMode, MountFlags>> = {
  private: MS_PRIVATE,
  rprivate: flags(MS_PRIVATE, MS_REC),
  slave: MS_SLAVE,
  rslave: flags(MS_SLAVE, MS_REC),
  shared: MS_SHARED,
  rshared: flags(MS_SHARED, MS_REC),
};

/** Not recursive ones say nothing of the mount that the root is on. */
const EXPECTED: Partial<Record<PropagationMode, PropagationExpectation['propagation']>> = {
  rprivate: 'private',
  rslave: 'not-shared',
};

/** How mounts spread, as mount(8) names it. */
export const PROPAGATION_MODES = Object.keys(MODES) as readonly PropagationMode[];

/** What `propagation` takes. */
export interface PropagationOptions {
  /** rslave unless given: unmounts of the host still arrive, and nothing leaks out. */
  readonly mode: PropagationMode;
}

/** Sets how mounts of the namespace spread, before anything is mounted. */
@injectable()
export class PropagationStep implements Step<PropagationOptions> {
  static readonly stepName = 'propagation';
  static readonly view = 'host';
  static readonly replayable = true;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): PropagationOptions {
    const given = new OptionReader(input);
    return given.done({ mode: given.oneOf('mode', PROPAGATION_MODES, 'rslave') });
  }

  describe({ mode }: PropagationOptions): string {
    return `make / ${mode}`;
  }

  /** Not taken back: a mount that has left its peer group cannot be put into it again. */
  execute({ mode }: PropagationOptions, { expect }: StepContext): void {
    this.sys.mount('', hostPath('/'), '', MODES[mode], '');
    expect({ propagation: EXPECTED[mode] ?? 'any' });
  }
}
