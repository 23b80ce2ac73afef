import {
  attachMount,
  inject,
  injectable,
  OptionReader,
  ROOTFS,
  SYSCALLS,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';
import { makeOverlay, OVERLAY_FALLBACKS } from './make-overlay.js';
import { describeUpper, readOverlayRoot, type OverlayRootOptions } from './options.js';
import { openLayer } from './upper-layer.js';

export { OverlayMountStep, type OverlayMountOptions } from './overlay-mount.js';
export { REDIRECT_MODES, type OverlayOptions, type OverlayRootOptions } from './options.js';

/** Makes a root of directories laid over each other (overlayfs.rst of the kernel). */
@injectable()
export class OverlayRootStep implements Step<OverlayRootOptions> {
  static readonly stepName = 'overlay-root';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['propagation'];
  static readonly fallbacks = OVERLAY_FALLBACKS;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): OverlayRootOptions {
    return readOverlayRoot(new OptionReader(input));
  }

  describe(options: OverlayRootOptions): readonly string[] {
    const { lower } = options;
    return describeUpper(options, lower.length === 0 ? 'the root directory' : lower.join(', '));
  }

  execute(options: OverlayRootOptions, context: StepContext): void {
    const { sys } = this;
    const paths = options.lower.length === 0 ? [context.need(ROOTFS)] : options.lower;
    const lower = paths.map((path) => openLayer(sys, context, path));
    const place = context.find(ROOTFS) ?? paths[0] ?? '/';
    const { fd: target } = openLayer(sys, context, place);
    const root = makeOverlay(sys, context, lower, options);
    // Over a directory that is there anyway; the overlay has its own view of what is below.
    attachMount(sys, context, root, target);
    sys.descriptors.set(root, '/');
    context.root.rebase(root);
  }
}
