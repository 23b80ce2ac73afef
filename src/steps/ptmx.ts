import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import type { Fd } from '../syscalls/descriptor.js';
import { S_IFCHR, S_IFLNK } from '../syscalls/file-flags.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { withFd } from './attach-mount.js';
import { BIND_FALLBACKS, bindTree } from './bind-tree.js';
import { inDev } from './dev-directory.js';
import { checkDevice } from './identity.js';

/** What `ptmx` takes. */
export interface PtmxOptions {
  /** Removes first what may be there, as the seed. */
  readonly classic: boolean;
  /** Binds the device in place of a link: security modules that go by paths take a link for another. */
  readonly bind: boolean;
}

// devices.txt of the kernel.
const PTMX = { type: S_IFCHR, number: { major: 5, minor: 2 } } as const;

/** Makes /dev/ptmx a link to that of the container's devpts, relative as in the seed. */
@injectable()
export class PtmxStep implements Step<PtmxOptions> {
  static readonly stepName = 'ptmx';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['dev', 'system-mounts'];
  static readonly writesRoot = true;
  static readonly fallbacks = BIND_FALLBACKS;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): PtmxOptions {
    const given = new OptionReader(input);
    return given.done({
      classic: given.boolean('classic', false),
      bind: given.boolean('bind', false),
    });
  }

  describe({ bind }: PtmxOptions): string {
    return bind ? 'bind /dev/pts/ptmx on /dev/ptmx' : 'link /dev/ptmx to pts/ptmx';
  }

  execute({ classic, bind }: PtmxOptions, context: StepContext): void {
    inDev(context, (dev) => {
      if (bind) {
        this.#bind(dev, context);
        return;
      }
      if (classic) context.root.removeIn(dev, 'ptmx');
      if (context.root.symlinkOver(dev, 'ptmx', 'pts/ptmx'))
        context.expect({ path: '/dev/ptmx', type: S_IFLNK, target: 'pts/ptmx' });
      else context.logger.info('ptmx: what is mounted on /dev/ptmx stays');
    });
  }

  #bind(dev: Fd, context: StepContext): void {
    const { sys } = this;
    const { root } = context;
    withFd(sys, root.openIn(dev, 'pts'), (pts) =>
      withFd(sys, root.openIn(pts, 'ptmx'), (device) => {
        checkDevice(sys, device, '/dev/pts/ptmx', PTMX);
        root.removeIn(dev, 'ptmx');
        withFd(sys, root.createFile(dev, 'ptmx', 0o666), (place) =>
          bindTree(sys, context, device, place),
        );
        context.expect({ path: '/dev/ptmx', type: S_IFCHR, device: PTMX.number });
      }),
    );
  }
}
