import {
  attachMount,
  createMount,
  flags,
  inject,
  injectable,
  isErrno,
  OptionReader,
  ROOTFS,
  SYSCALLS,
  USER_NAMESPACE,
  type Fd,
  type FileSystemOption,
  type MountAttrFlags,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';
import { addedLayer, escapedLayer, listedLayers, type Layer } from './layer-paths.js';
import { readOverlayRoot, refuseTrusted, type OverlayRootOptions } from './options.js';
import { openLayer, openUpper, withTmpfs, type UpperLayer } from './upper-layer.js';

export { REDIRECT_MODES, type OverlayRootOptions } from './options.js';

type Options = Readonly<Record<string, FileSystemOption>>;

/** Makes a root of directories laid over each other (overlayfs.rst of the kernel). */
@injectable()
export class OverlayRootStep implements Step<OverlayRootOptions> {
  static readonly stepName = 'overlay-root';
  static readonly view = 'host';
  static readonly after = ['propagation'];
  static readonly fallbacks = {
    'listed-layers': {
      when: ['EINVAL'],
      instead: 'the lower layers are given in one option, escaped',
      cost: 'nothing in security; a list that is too long is refused (before Linux 6.8)',
    },
  };

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): OverlayRootOptions {
    return readOverlayRoot(new OptionReader(input));
  }

  describe({ lower, upper }: OverlayRootOptions): readonly string[] {
    const layers = lower.length === 0 ? 'the root directory' : lower.join(', ');
    if (upper === 'none') return [`mount an overlay of ${layers} that cannot be written to`];
    if (upper === 'tmpfs')
      return ['mount a tmpfs for what is written', `mount an overlay of it over ${layers}`];
    return [`mount an overlay of ${upper}, which takes what is written, over ${layers}`];
  }

  execute(options: OverlayRootOptions, context: StepContext): void {
    const { sys } = this;
    const paths = options.lower.length === 0 ? [context.need(ROOTFS)] : options.lower;
    const lower = paths.map((path) => openLayer(sys, context, path));
    const place = context.find(ROOTFS) ?? paths[0] ?? '/';
    const { fd: target } = openLayer(sys, context, place);
    const root = context.keep(this.#withUpper(options, context, lower));
    // Over a directory that is there anyway; the overlay has its own view of what is below.
    attachMount(sys, context, root, target);
    sys.descriptors.set(root, '/');
    context.root.rebase(root);
  }

  #withUpper(options: OverlayRootOptions, context: StepContext, lower: readonly Layer[]): Fd {
    const { upper, work, size } = options;
    const mount = (layer?: UpperLayer): Fd =>
      this.#mount(context, lower, { ...upperOptions(layer), ...this.#features(options, context) });
    if (upper === 'none') return mount();
    // Kept at once: what comes after it may fail.
    if (upper === 'tmpfs')
      return withTmpfs(this.sys, context, size, (layer) => context.keep(mount(layer)));
    return mount(openUpper(this.sys, context, { upper, work: work ?? '' }));
  }

  #features(options: OverlayRootOptions, context: StepContext): Options {
    const { metacopy, redirectDir, index, volatile } = options;
    // In a user namespace the trusted attributes cannot be written (Linux 5.11).
    const userxattr = options.userxattr ?? context.find(USER_NAMESPACE) === true;
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

  #mount(context: StepContext, lower: readonly Layer[], others: Options): Fd {
    try {
      return this.#create({ 'lowerdir+': lower.map(addedLayer), ...others });
    } catch (error) {
      if (!isErrno(error, 'EINVAL')) throw error;
      return this.#mountListed(context, lower, others, error);
    }
  }

  /** Kernels before 6.8 know no `lowerdir+`. Refused again, it was something else. */
  #mountListed(context: StepContext, lower: readonly Layer[], others: Options, first: Error): Fd {
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
