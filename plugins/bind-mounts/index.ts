import {
  attachMount,
  changeAttributes,
  cloneTree,
  describeAttributes,
  inject,
  injectable,
  isErrno,
  newMountFlags,
  openMountPoint,
  OptionReader,
  spreadMount,
  SYSCALLS,
  withFd,
  type Fd,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';
import { readBindMount, type BindMount, type BindMountsOptions } from './options.js';

export {
  BIND_PROPAGATION,
  type BindMount,
  type BindMountsOptions,
  type BindPropagation,
} from './options.js';

/** Shows files and directories of the host, or of the container itself, in the container. */
@injectable()
export class BindMountsStep implements Step<BindMountsOptions> {
  static readonly stepName = 'bind-mounts';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['bind-rootfs', 'overlay-root', 'dev', 'system-mounts'];
  static readonly writesRoot = true;
  static readonly repeatable = true;
  static readonly tolerates = [
    { call: 'open_tree', errnos: ['ENOENT'], because: 'an optional source may be missing' },
  ] as const;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): BindMountsOptions {
    const given = new OptionReader(input);
    return given.done({ mounts: given.objects('mounts', readBindMount) });
  }

  describe({ mounts }: BindMountsOptions): readonly string[] {
    return mounts.map((mount) => {
      const { source, target, recursive, top = {}, optional, inContainer } = mount;
      const details = [
        recursive === false ? '' : 'with what is mounted below it',
        describeAttributes(mount),
        Object.keys(top).length === 0 ? '' : `the uppermost ${describeAttributes(top)}`,
        (mount.propagation ?? []).join(', '),
        optional === true ? 'if it is there' : '',
      ].filter((detail) => detail !== '');
      const from = inContainer === true ? `${source} of the container` : source;
      return [`bind ${from} on ${target}`, ...details].join(', ');
    });
  }

  execute({ mounts }: BindMountsOptions, context: StepContext): void {
    for (const mount of mounts) this.#bind(mount, context);
  }

  #bind(mount: BindMount, context: StepContext): void {
    const { sys } = this;
    const tree = this.#clone(mount, context);
    if (tree === undefined) return;
    context.keep(tree);
    const top = mount.top ?? {};
    changeAttributes(sys, tree, mount, { recursive: true });
    changeAttributes(sys, tree, top, { recursive: false });
    const follow = mount.followTarget !== false;
    withFd(sys, openMountPoint(sys, context, mount.target, tree, { follow }), (place) => {
      attachMount(sys, context, tree, place, {
        attributes: newMountFlags({ ...mount, ...top, atime: undefined }),
        recursive: Object.keys(top).length === 0,
        showsHost: true,
        shared: (mount.propagation ?? []).some((mode) => mode.endsWith('shared')),
      });
    });
    spreadMount(sys, tree, mount.propagation ?? []);
  }

  /** Only the source's own absence is passed over: a target that cannot be made is an error. */
  #clone(mount: BindMount, context: StepContext): Fd | undefined {
    const { source: path, inContainer, recursive, followSource: follow, optional } = mount;
    try {
      return cloneTree(this.sys, context, { path, inContainer, recursive, follow });
    } catch (error) {
      if (optional !== true || !isErrno(error, 'ENOENT')) throw error;
      context.logger.info(`bind-mounts: ${path} is not there and was passed over`);
      return undefined;
    }
  }
}
