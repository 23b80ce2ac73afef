import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import { optionError } from '../pipeline/options.js';
import { AT_FDCWD } from '../syscalls/descriptor.js';
import {
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  S_IFDIR,
  S_IFMT,
  STATX_BASIC_STATS,
} from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import {
  MOUNT_ATTR_RDONLY,
  OPEN_TREE_AT_RECURSIVE,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
} from '../syscalls/mount-flags.js';
import { hostPath, type HostPath } from '../syscalls/paths.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { attachMount, withFd } from './attach-mount.js';
import { refuseKernelFiles } from './identity.js';

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
  static readonly after = ['bind-rootfs', 'dev', 'system-mounts'];
  static readonly writesRoot = true;
  static readonly repeatable = true;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

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
    const tree = sys.open_tree(
      AT_FDCWD,
      source,
      flags(OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC, OPEN_TREE_AT_RECURSIVE),
    );
    if (readonly)
      sys.mount_setattr(tree, '', flags(AT_EMPTY_PATH, AT_RECURSIVE), {
        attr_set: MOUNT_ATTR_RDONLY,
      });
    const { mode } = sys.statx(tree, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
    const directory = (mode & S_IFMT) === S_IFDIR;
    const place = directory
      ? context.root.mkdirAll(target, 0o755)
      : context.root.ensureFile(target, 0o644);
    withFd(sys, place, () => {
      refuseKernelFiles(sys, place, target);
      const attributes = readonly ? { attributes: MOUNT_ATTR_RDONLY, recursive: true } : {};
      attachMount(sys, context, tree, place, { ...attributes, showsHost: true });
    });
  }
}
