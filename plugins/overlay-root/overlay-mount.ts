import {
  attachMount,
  changeAttributes,
  describeAttributes,
  inject,
  injectable,
  newMountFlags,
  openMountPoint,
  OptionReader,
  readMountAttributes,
  SYSCALLS,
  withFd,
  type MountAttributes,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';
import type { Layer } from './layer-paths.js';
import { makeOverlay, OVERLAY_FALLBACKS } from './make-overlay.js';
import { describeUpper, readOverlayRoot, type OverlayRootOptions } from './options.js';
import { openLayer } from './upper-layer.js';

export interface OverlayMountOptions extends OverlayRootOptions, MountAttributes {
  /** Directories of the host, the uppermost first; the container's own at `target` when empty. */
  readonly lower: readonly string[];
  /** Where it is mounted in the container; made if it is missing. */
  readonly target: string;
}

/** Mounts an overlay on a directory of the container. */
@injectable()
export class OverlayMountStep implements Step<OverlayMountOptions> {
  static readonly stepName = 'overlay-mount';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['bind-rootfs', 'overlay-root', 'dev', 'system-mounts'];
  static readonly writesRoot = true;
  static readonly repeatable = true;
  static readonly fallbacks = OVERLAY_FALLBACKS;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): OverlayMountOptions {
    const given = new OptionReader(input);
    const target = given.mountPoint('target');
    return { target, ...readMountAttributes(given), ...readOverlayRoot(given) };
  }

  describe(options: OverlayMountOptions): readonly string[] {
    const { lower, target } = options;
    const layers = lower.length === 0 ? `the container's own ${target}` : lower.join(', ');
    const lines = describeUpper(options, layers);
    const words = describeAttributes(options);
    const where = words === '' ? `on ${target}` : `on ${target}, ${words}`;
    return [...lines.slice(0, -1), `${lines.at(-1) ?? ''}, ${where}`];
  }

  execute(options: OverlayMountOptions, context: StepContext): void {
    const { sys } = this;
    const { lower, target } = options;
    const layers =
      lower.length === 0
        ? [this.#own(target, context)]
        : lower.map((path) => openLayer(sys, context, path));
    const overlay = makeOverlay(sys, context, layers, options);
    changeAttributes(sys, overlay, options, { recursive: false });
    withFd(sys, openMountPoint(sys, context, target, overlay), (place) =>
      attachMount(sys, context, overlay, place, {
        attributes: newMountFlags({ ...options, atime: undefined }),
      }),
    );
  }

  /** By descriptor: its path on the host may lead elsewhere by a link of the image. */
  #own(target: string, context: StepContext): Layer {
    const fd = context.keep(context.root.openDirectory(target));
    return { path: `/proc/thread-self/fd/${fd}`, fd };
  }
}
