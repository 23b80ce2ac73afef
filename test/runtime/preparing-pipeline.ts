import { once } from 'node:events';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createPreset } from '../../src/steps/presets.js';
import { sharedKey, type Key } from '../../src/pipeline/key.js';
import type { Pipeline } from '../../src/pipeline/pipeline.js';
import type { PrepareContext } from '../../src/pipeline/prepare.js';
import type { Step, StepContext } from '../../src/pipeline/step.js';

/** What {@link preparingPipeline} is made of; plain data. */
export interface PreparingOptions {
  /** Where the step works on the host: `made` is what it has made, `log` what it did. */
  readonly directory: string;
  /** Waits to be aborted. */
  readonly waits?: boolean;
  /** Fails when it is executed. */
  readonly fails?: boolean;
  /** Has something to do when the container has ended. */
  readonly lasts?: boolean;
}

const MADE: Key<string> = sharedKey('nsinit-test.made');

class FetchStep implements Step<PreparingOptions> {
  static readonly stepName = 'test:fetch';
  static readonly view = 'host';
  static parse = (input: unknown): PreparingOptions => input as PreparingOptions;
  describe = (): string => 'show what was fetched';

  async prepare(options: PreparingOptions, host: PrepareContext): Promise<void> {
    const { directory, waits } = options;
    const log = (what: string): void => appendFileSync(`${directory}/log`, `${what}\n`);
    mkdirSync(`${directory}/made`);
    host.defer(() => {
      rmSync(`${directory}/made`, { recursive: true });
      log('undo');
    });
    host.closeAfter(() => log('close'));
    if (options.lasts === true) host.afterEnd(() => log('end'));
    await writeFile(`${directory}/made/text`, 'fetched');
    log('prepare');
    if (waits === true) await once(host.signal, 'abort');
    host.provide(MADE, 'fetched');
  }

  execute({ fails }: PreparingOptions, { root, need }: StepContext): void {
    if (fails === true) throw new Error('not this time');
    root.symlinkIn(root.fd, 'made', need(MADE));
  }
}

/** A set-up in which a step prepares. */
export const preparingPipeline = (options: PreparingOptions): Pipeline =>
  createPreset('standard').insertBefore('root-switch', FetchStep, options);
