import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { injectable } from '../../src/pipeline/injection.js';
import type { Pipeline } from '../../src/pipeline/pipeline.js';
import { ROOTFS } from '../../src/pipeline/run.js';
import type { Step, StepContext } from '../../src/pipeline/step.js';

/** Checks a path and then uses it, as the seed did: a control, which the attacks have to get through. */
@injectable()
class NaiveStep implements Step<object> {
  static readonly stepName = 'test:naive';
  static readonly view = 'host';
  static readonly writesRoot = true;

  static parse(): object {
    return {};
  }

  describe(): string {
    return 'make /data/made by path';
  }

  execute(_options: object, context: StepContext): void {
    const path = join(context.need(ROOTFS), 'data/made');
    if (!existsSync(path)) mkdirSync(path);
  }
}

/** The pipeline with a step that can be tricked. */
export const withNaiveStep = (pipeline: Pipeline): Pipeline =>
  pipeline.insertBefore('bind-mount', NaiveStep);
