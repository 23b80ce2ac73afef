import {
  createMount,
  flags,
  isErrno,
  USER_NAMESPACE,
  type Fd,
  type FileSystemOption,
  type MountAttrFlags,
  type StepContext,
  type SyscallError,
  type Syscalls,
} from 'nsinit';
import { addedLayer, escapedLayer, listedLayers, type Layer } from './layer-paths.js';
import { refuseTrusted, type OverlayOptions } from './options.js';
import { openUpper, withTmpfs, type UpperLayer } from './upper-layer.js';

type Options = Readonly<Record<string, FileSystemOption>>;

/** What a step that makes overlays declares. */
export const OVERLAY_FALLBACKS = {
  'listed-layers': {
    when: ['EINVAL'],
    instead: 'the lower layers are given in one option, escaped',
    cost: 'nothing in security; a list that is too long is refused (before Linux 6.8)',
  },
};

/**
 * Makes an overlay as a detached mount, which is kept. What is made for it on the host is removed
 * when a later step fails.
 *
 * @throws SyscallError with what the kernel said.
 */
export function makeOverlay(
  sys: Syscalls,
  context: StepContext,
  lower: readonly Layer[],
  options: OverlayOptions,
): Fd {
  return context.keep(new Overlay(sys, context, lower).make(options));
}

class Overlay {
  constructor(
    private readonly sys: Syscalls,
    private readonly context: StepContext,
    private readonly lower: readonly Layer[],
  ) {}

  make(options: OverlayOptions): Fd {
    const { sys, context } = this;
    const { upper, work, size } = options;
    const mount = (layer?: UpperLayer): Fd =>
      this.#mount({ ...upperOptions(layer), ...this.#features(options) });
    if (upper === 'none') return mount();
    // Kept at once: what comes after it may fail.
    if (upper === 'tmpfs')
      return withTmpfs(sys, context, size, (layer) => context.keep(mount(layer)));
    return mount(openUpper(sys, context, { upper, work: work ?? '' }));
  }

  #features(options: OverlayOptions): Options {
    const { metacopy, redirectDir, index, volatile } = options;
    // In a user namespace the trusted attributes cannot be written (Linux 5.11).
    const userxattr = options.userxattr ?? this.context.find(USER_NAMESPACE) === true;
    refuseTrusted(options, userxattr);
    const onOff = (value: boolean): string => (value ? 'on' : 'off');
    return {
      ...(metacopy === undefined ? {} : { metacopy: onOff(metacopy) }),
      ...(redirectDir === undefined ? {} : { redirect_dir: redirectDir }),
      ...(index === undefined ? {} : { index: onOff(index) }),
      ...(volatile ? { volatile: true } : {}),
      ...(userxattr ? { userxattr: true } : {}),
    };
  }

  #mount(others: Options): Fd {
    try {
      return this.#create({ 'lowerdir+': this.lower.map(addedLayer), ...others });
    } catch (error) {
      if (!isErrno(error, 'EINVAL')) throw error;
      return this.#mountListed(others, error);
    }
  }

  /** Kernels before 6.8 know no `lowerdir+`. Refused again, it was something else. */
  #mountListed(others: Options, first: SyscallError): Fd {
    const { context, lower } = this;
    try {
      const root = this.#create({ lowerdir: listedLayers(lower), ...others });
      context.keep(root);
      context.fallBack('listed-layers', first);
      return root;
    } catch (error) {
      if (error === first || !isErrno(error, 'EINVAL') || !isErrno(first, 'EINVAL')) throw error;
      if (context.find(USER_NAMESPACE) !== true || first.hint !== undefined) throw first;
      throw first.withHint(
        'in a user namespace no layer may have anything mounted below it, since that is locked',
      );
    }
  }

  #create(options: Options): Fd {
    const attributes = flags<MountAttrFlags>();
    return createMount(this.sys, { fstype: 'overlay', source: 'overlay', attributes, options });
  }
}

const upperOptions = (layer: UpperLayer | undefined): Options =>
  layer === undefined
    ? {}
    : { upperdir: escapedLayer(layer.upper), workdir: escapedLayer(layer.work) };
