import {
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  attachMount,
  flags,
  inject,
  injectable,
  isErrno,
  MOUNT_ATTR_RDONLY,
  O_PATH,
  OPEN_TREE_AT_EMPTY_PATH,
  OPEN_TREE_AT_RECURSIVE,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  OptionReader,
  SYSCALLS,
  withFd,
  type Fd,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';
import { DEFAULT_MASKED_PATHS, DEFAULT_READONLY_PATHS } from './default-paths.js';
import { Masks } from './masks.js';

export { DEFAULT_MASKED_PATHS, DEFAULT_READONLY_PATHS } from './default-paths.js';

/** What is hidden, and what is made read-only. */
export interface MaskedPathsOptions {
  /** Paths of the container that are hidden. */
  readonly masked: readonly string[];
  /** Paths of the container that become read-only, with everything below. */
  readonly readonly: readonly string[];
}

/**
 * Hides paths of the container and makes others read-only. Before the root switch: what it does
 * can be taken back there, and the null device is the host's, which no image can replace.
 */
@injectable()
export class MaskedPathsStep implements Step<MaskedPathsOptions> {
  static readonly stepName = 'masked-paths';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = [
    'bind-rootfs',
    'overlay-root',
    'system-mounts',
    'device-nodes',
    'bind-mounts',
    'tmpfs',
    'cgroup-mount',
    'sysctl',
  ];

  static readonly tolerates = [
    { call: 'openat2', errnos: ['ENOENT'], because: 'a path that is missing is passed over' },
  ] as const;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): MaskedPathsOptions {
    const given = new OptionReader(input);
    return given.done({
      masked: readPaths(given, 'masked', DEFAULT_MASKED_PATHS),
      readonly: readPaths(given, 'readonly', DEFAULT_READONLY_PATHS),
    });
  }

  describe({ masked, readonly }: MaskedPathsOptions): readonly string[] {
    return [
      ...masked.map((path) => `hide ${path}, if it is there`),
      ...readonly.map((path) => `make ${path} read-only, if it is there`),
    ];
  }

  /** Read-only ones first: what is hidden in them stays hidden. */
  execute({ masked, readonly }: MaskedPathsOptions, context: StepContext): void {
    for (const path of readonly) {
      this.#withPlace(context, path, (place) => this.#makeReadonly(context, place));
    }
    const masks = new Masks(this.sys, context);
    for (const path of masked) this.#withPlace(context, path, (place) => masks.hide(place));
  }

  /** Only the absence of the path itself is passed over: another kernel may not have it. */
  #withPlace(context: StepContext, path: string, use: (place: Fd) => void): void {
    let place: Fd;
    try {
      place = context.root.open(path, O_PATH);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return;
      throw error;
    }
    withFd(this.sys, place, use);
  }

  #makeReadonly(context: StepContext, place: Fd): void {
    const { sys } = this;
    const how = flags(OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC, OPEN_TREE_AT_RECURSIVE);
    const tree = context.keep(sys.open_tree(place, '', flags(how, OPEN_TREE_AT_EMPTY_PATH)));
    // It only adds: nosuid, nodev, noexec and the atime mode stay, locked or not.
    sys.mount_setattr(tree, '', flags(AT_EMPTY_PATH, AT_RECURSIVE), {
      attr_set: MOUNT_ATTR_RDONLY,
    });
    attachMount(sys, context, tree, place, { attributes: MOUNT_ATTR_RDONLY, recursive: true });
  }
}

function readPaths(
  given: OptionReader,
  option: string,
  otherwise: readonly string[],
): readonly string[] {
  if (!given.has(option)) return otherwise;
  const paths = given.list(option, (item, name) => item.mountPoint(name));
  return [...new Set(paths.map((path) => `/${path.split('/').filter(isName).join('/')}`))];
}

const isName = (part: string): boolean => part !== '' && part !== '.';
