import { injectable } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import { S_IFLNK } from '../syscalls/file-flags.js';
import { inDev } from './dev-directory.js';

/** Makes /dev/ptmx a link to that of the container's devpts, relative as in the seed. */
@injectable()
export class PtmxStep implements Step<object> {
  static readonly stepName = 'ptmx';
  static readonly view = 'host';
  static readonly after = ['dev', 'system-mounts'];
  static readonly writesRoot = true;

  static parse(input: unknown): object {
    return new OptionReader(input).done({});
  }

  describe(): string {
    return 'link /dev/ptmx to pts/ptmx';
  }

  execute(_options: object, context: StepContext): void {
    inDev(context, (dev) => {
      context.root.removeIn(dev, 'ptmx');
      context.root.symlinkIn(dev, 'ptmx', 'pts/ptmx');
      context.expect({ path: '/dev/ptmx', type: S_IFLNK, target: 'pts/ptmx' });
    });
  }
}
