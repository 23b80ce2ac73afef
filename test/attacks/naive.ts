import { join } from 'node:path';
import { inject, injectable, SYSCALLS } from '../../src/pipeline/injection.js';
import type { Pipeline } from '../../src/pipeline/pipeline.js';
import { ROOTFS } from '../../src/pipeline/run.js';
import type { Step, StepContext } from '../../src/pipeline/step.js';
import { AT_FDCWD } from '../../src/syscalls/descriptor.js';
import { STATX_BASIC_STATS, type AtFlags } from '../../src/syscalls/file-flags.js';
import { flags } from '../../src/syscalls/flags.js';
import { hostPath } from '../../src/syscalls/paths.js';
import { isErrno } from '../../src/syscalls/syscall-error.js';
import type { Syscalls } from '../../src/syscalls/syscalls.js';

/** Checks a path and then uses it, as the seed did: a control, which the attacks have to get through. */
@injectable()
class NaiveStep implements Step<object> {
  static readonly stepName = 'test:naive';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly writesRoot = true;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  static parse(): object {
    return {};
  }

  describe(): string {
    return 'make /data/made by path';
  }

  execute(_options: object, context: StepContext): void {
    const path = hostPath(join(context.need(ROOTFS), 'data/made'));
    try {
      this.sys.statx(AT_FDCWD, path, flags<AtFlags>(), STATX_BASIC_STATS);
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
      this.sys.mkdirat(AT_FDCWD, path, 0o755);
    }
  }
}

/** The pipeline with a step that can be tricked. */
export const withNaiveStep = (pipeline: Pipeline): Pipeline =>
  pipeline.insertBefore('bind-mount', NaiveStep);
