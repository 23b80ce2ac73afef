import { injectable } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import { S_IFLNK } from '../syscalls/file-flags.js';
import { inDev } from './dev-directory.js';

/** What `ptmx` takes. */
export interface PtmxOptions {
  /** Removes first what may be there, as the seed. */
  readonly classic: boolean;
}

/** Makes /dev/ptmx a link to that of the container's devpts, relative as in the seed. */
@injectable()
export class PtmxStep implements Step<PtmxOptions> {
  static readonly stepName = 'ptmx';
  static readonly view = 'host';
  static readonly after = ['dev', 'system-mounts'];
  static readonly writesRoot = true;

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): PtmxOptions {
    const given = new OptionReader(input);
    return given.done({ classic: given.boolean('classic', false) });
  }

  describe(): string {
    return 'link /dev/ptmx to pts/ptmx';
  }

  execute({ classic }: PtmxOptions, context: StepContext): void {
    inDev(context, (dev) => {
      if (classic) context.root.removeIn(dev, 'ptmx');
      if (context.root.symlinkOver(dev, 'ptmx', 'pts/ptmx'))
        context.expect({ path: '/dev/ptmx', type: S_IFLNK, target: 'pts/ptmx' });
      else context.logger.info('ptmx: what is mounted on /dev/ptmx stays');
    });
  }
}
