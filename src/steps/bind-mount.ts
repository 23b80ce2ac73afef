import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import { optionError } from '../pipeline/options.js';
import { AT_FDCWD, type Fd } from '../syscalls/descriptor.js';
import {
  AT_EMPTY_PATH,
  O_CLOEXEC,
  O_PATH,
  S_IFDIR,
  S_IFMT,
  STATX_BASIC_STATS,
} from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import { hostPath, type HostPath } from '../syscalls/paths.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { withFd } from './attach-mount.js';
import { BIND_FALLBACKS, bindTree } from './bind-tree.js';
import { checkPlace } from './identity.js';

/** What `bind-mount` takes. */
export interface BindMountOptions {
  /** A file or directory of the host, with what is mounted below it. */
  readonly source: HostPath;
  /** Where it appears in the container; made if it is missing. */
  readonly target: string;
  /** Read-only, with everything below. */
  readonly readonly: boolean;
}

/** Shows a file or directory of the host in the container. */
@injectable()
export class BindMountStep implements Step<BindMountOptions> {
  static readonly stepName = 'bind-mount';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['bind-rootfs', 'dev', 'system-mounts'];
  static readonly writesRoot = true;
  static readonly repeatable = true;
  static readonly fallbacks = BIND_FALLBACKS;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): BindMountOptions {
    const given = new OptionReader(input);
    const source = given.string('source');
    if (!source.startsWith('/'))
      throw optionError('source', 'an absolute path of the host', source);
    const target = given.containerPath('target');
    return given.done({
      source: hostPath(source),
      target,
      readonly: given.boolean('readonly', false),
    });
  }

  describe({ source, target, readonly }: BindMountOptions): string {
    return `bind ${source} on ${target}${readonly ? ', read-only' : ''}`;
  }

  execute({ source, target, readonly }: BindMountOptions, context: StepContext): void {
    const { sys } = this;
    withFd(sys, sys.openat2(AT_FDCWD, source, { flags: flags(O_PATH, O_CLOEXEC) }), (from) => {
      withFd(sys, this.#place(from, target, context), (place) => {
        checkPlace(sys, context.root.fd, place, target);
        bindTree(sys, context, from, place, { recursive: true, readonly, showsHost: true });
      });
    });
  }

  #place(source: Fd, target: string, { root }: StepContext): Fd {
    const { mode } = this.sys.statx(source, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
    return (mode & S_IFMT) === S_IFDIR
      ? root.mkdirAll(target, 0o755)
      : root.ensureFile(target, 0o644);
  }
}
