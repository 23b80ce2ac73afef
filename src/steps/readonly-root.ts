import { expectedMount } from '../pipeline/expectation.js';
import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import type { Fd } from '../syscalls/descriptor.js';
import { MOUNT_ATTR_RDONLY } from '../syscalls/mount-flags.js';
import { containerPath, type ContainerPath } from '../syscalls/paths.js';
import { withFd } from './attach-mount.js';
import { ROOT_PARTS, type RootPart } from './keys.js';
import { makeReadonly, READONLY_BY_REMOUNT } from './readonly-mount.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { ASKS_AGAIN, whileBusy } from './while-busy.js';

/** Makes the root read-only, when nothing has to be written to it any more. */
@injectable()
export class ReadonlyRootStep implements Step<object> {
  static readonly stepName = 'readonly-root';
  static readonly view = 'container';
  static readonly replayable = true;
  static readonly after = ['root-switch'];
  static readonly fallbacks = READONLY_BY_REMOUNT;
  static readonly tolerates = [ASKS_AGAIN];

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): object {
    return new OptionReader(input).done({});
  }

  /** Whether the root is read-only behind it. */
  static readonlyRoot(): boolean {
    return true;
  }

  describe(): string {
    return 'make the root read-only, keeping its other flags';
  }

  execute(_options: object, context: StepContext): void {
    this.#make(context, context.root.fd, containerPath('/'));
    for (const part of context.find(ROOT_PARTS) ?? []) this.#makePart(context, part);
  }

  /** Unless another mount of the caller's is on it: the path would lead to that. */
  #makePart(context: StepContext, { name, mount }: RootPart): void {
    const { root } = context;
    const top = withFd(this.sys, root.openIn(root.fd, name), (fd) => expectedMount(this.sys, fd));
    if (top.mount !== expectedMount(this.sys, mount).mount) return;
    this.#make(context, mount, containerPath(`/${name}`));
  }

  #make(context: StepContext, mount: Fd, path: ContainerPath): void {
    // By path: the container's proc, through which descriptors are named, may not show this thread.
    whileBusy(() => makeReadonly(this.sys, context, mount, false, { path }));
    context.expect(expectedMount(this.sys, mount, { attributes: MOUNT_ATTR_RDONLY }));
  }
}
