import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext, Tolerance } from '../pipeline/step.js';
import { O_NOFOLLOW, O_PATH, S_IFLNK } from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import { isErrno } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { inDev } from './dev-directory.js';

/** What `dev-symlinks` takes. */
export interface DevSymlinksOptions {
  /** Makes links also where nothing is behind them, /dev/core among them. */
  readonly always: boolean;
}

/** In the seed's order. A link is made only where the named file is there. */
const LINKS = [
  { name: 'core', target: '/proc/kcore', behind: '/proc/kcore' },
  { name: 'fd', target: '/proc/self/fd', behind: '/proc/self' },
  { name: 'stdin', target: '/proc/self/fd/0', behind: '/proc/self' },
  { name: 'stdout', target: '/proc/self/fd/1', behind: '/proc/self' },
  { name: 'stderr', target: '/proc/self/fd/2', behind: '/proc/self' },
] as const;

/** Makes the links of /dev that lead into /proc. */
@injectable()
export class DevSymlinksStep implements Step<DevSymlinksOptions> {
  static readonly stepName = 'dev-symlinks';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['bind-rootfs', 'dev', 'system-mounts'];
  static readonly writesRoot = true;

  static readonly tolerates = [
    {
      call: 'openat2',
      errnos: ['ENOENT', 'ENOTDIR'],
      because: 'nothing is behind the link, so that it is not made',
    },
  ] as const satisfies readonly Tolerance[];

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): DevSymlinksOptions {
    const given = new OptionReader(input);
    return given.done({ always: given.boolean('always', false) });
  }

  describe({ always }: DevSymlinksOptions): readonly string[] {
    const unless = always ? '' : ' if that is there';
    return LINKS.map(({ name, target }) => `link /dev/${name} to ${target}${unless}`);
  }

  execute({ always }: DevSymlinksOptions, context: StepContext): void {
    const there = new Map<string, boolean>();
    const isThere = (path: string): boolean => {
      const known = there.get(path) ?? this.#exists(context, path);
      there.set(path, known);
      return known;
    };
    inDev(context, (dev) => {
      for (const { name, target, behind } of LINKS) {
        if (!always && !isThere(behind)) continue;
        // The seed removes first what may be there.
        if (always) context.root.removeIn(dev, name);
        if (context.root.symlinkOver(dev, name, target))
          context.expect({ path: `/dev/${name}`, type: S_IFLNK, target });
        else context.logger.info(`dev-symlinks: what is mounted on /dev/${name} stays`);
      }
    });
  }

  // /proc/self itself is a link that leads nowhere for a process outside the PID namespace.
  #exists({ root }: StepContext, path: string): boolean {
    try {
      this.sys.close(root.open(path, flags(O_PATH, O_NOFOLLOW)));
      return true;
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false;
      throw error;
    }
  }
}
