import {
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  attachMount,
  changeAttributes,
  cloneTree,
  createMount,
  flags,
  inject,
  injectable,
  isErrno,
  isHostNamespace,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  mountNew,
  NsinitError,
  openMountPoint,
  OptionReader,
  SYSCALLS,
  withFd,
  type AtFlags,
  type Fd,
  type FileSystemOption,
  type MountAttrFlags,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';
import { findHierarchies, type Hierarchy } from './hierarchies.js';

const LAYOUTS = ['host', 'unified'] as const;

/** How control groups are shown. */
export interface CgroupMountOptions {
  /** Where it is mounted in the container; made if it is missing. */
  readonly target: string;
  /** As the machine has them, version 1 included, or the one hierarchy of version 2 alone. */
  readonly layout: (typeof LAYOUTS)[number];
  readonly readonly: boolean;
}

const SAFE = flags(MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC);

/** Shows the container its control groups (cgroups(7)). */
@injectable()
export class CgroupMountStep implements Step<CgroupMountOptions> {
  static readonly stepName = 'cgroup-mount';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['bind-rootfs', 'overlay-root', 'system-mounts'];
  static readonly writesRoot = true;
  static readonly tolerates = [
    {
      call: 'readlinkat',
      errnos: ['EACCES', 'ENOENT'],
      because: 'where process 1 may not be looked at, the number of the namespace tells',
    },
  ] as const;
  static readonly fallbacks = {
    'bind-own-group': {
      when: ['EPERM', 'EBUSY'],
      instead: "the caller's own control group is bound from the host",
      cost: 'the container reads its paths in /proc as the host has them',
    },
  };

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): CgroupMountOptions {
    const given = new OptionReader(input);
    return given.done({
      target: given.mountPoint('target', '/sys/fs/cgroup'),
      layout: given.oneOf('layout', LAYOUTS, 'host'),
      readonly: given.boolean('readonly', true),
    });
  }

  describe({ target, layout, readonly }: CgroupMountOptions): string {
    const what = layout === 'unified' ? 'cgroup2' : 'the control groups as the machine has them';
    return `mount ${what} on ${target}${readonly ? ', read-only' : ''}`;
  }

  execute(options: CgroupMountOptions, context: StepContext): void {
    const all = findHierarchies(this.sys);
    const wanted = options.layout === 'unified' ? all.filter(({ version }) => version === 2) : all;
    const [only] = wanted;
    if (only === undefined) throw noneMounted(options);
    withFd(this.sys, openMountPoint(this.sys, context, options.target, 'directory'), (place) => {
      if (wanted.length === 1 && only.version === 2) this.#mount(options, context, only, place);
      else this.#mountAll(options, context, wanted, place);
    });
  }

  /** A directory for each, in a tmpfs that is closed at the end. */
  #mountAll(
    options: CgroupMountOptions,
    context: StepContext,
    hierarchies: readonly Hierarchy[],
    place: Fd,
  ): void {
    const { sys } = this;
    const tmpfs = { fstype: 'tmpfs', source: 'cgroup', options: { mode: '0755', size: '64k' } };
    const top = mountNew(sys, context, { ...tmpfs, attributes: SAFE }, place);
    for (const hierarchy of hierarchies) {
      withFd(sys, context.root.enterIn(top, hierarchy.name, 0o755), (directory) =>
        this.#mount(options, context, hierarchy, directory),
      );
      this.#linkControllers(context, top, hierarchy);
    }
    if (!options.readonly) return;
    const close = (readonly: boolean): void =>
      changeAttributes(sys, top, { readonly }, { recursive: false });
    close(true);
    // What was made in it is removed first when a later step fails.
    context.defer(() => close(false));
  }

  /** `cpu` for `cpu,cpuacct`: programs look for each by its own name. */
  #linkControllers(context: StepContext, top: Fd, { name, controllers }: Hierarchy): void {
    if (controllers.length < 2) return;
    for (const controller of controllers) {
      if (controller !== name && !controller.includes('='))
        context.root.symlinkIn(top, controller, name);
    }
  }

  #mount(
    { readonly }: CgroupMountOptions,
    context: StepContext,
    hierarchy: Hierarchy,
    place: Fd,
  ): void {
    const attributes = readonly ? flags(SAFE, MOUNT_ATTR_RDONLY) : SAFE;
    const tree = context.keep(this.#open(context, hierarchy, attributes));
    attachMount(this.sys, context, tree, place, { attributes });
  }

  /** In a cgroup namespace of its own a new mount shows that; else it would show the machine's. */
  #open(context: StepContext, hierarchy: Hierarchy, attributes: MountAttrFlags): Fd {
    if (isHostNamespace(this.sys, 'cgroup')) return this.#bind(context, hierarchy, attributes);
    try {
      const fstype = hierarchy.version === 2 ? 'cgroup2' : 'cgroup';
      const options = optionsOf(hierarchy);
      return createMount(this.sys, { fstype, source: 'cgroup', attributes, options });
    } catch (error) {
      if (!isErrno(error, 'EPERM', 'EBUSY')) throw error;
      context.fallBack('bind-own-group', error);
      return this.#bind(context, hierarchy, attributes);
    }
  }

  #bind(context: StepContext, { ownGroup }: Hierarchy, attributes: MountAttrFlags): Fd {
    // Recursively, for a user namespace, where what is mounted below is locked.
    const tree = context.keep(cloneTree(this.sys, context, { path: ownGroup, recursive: true }));
    const all = flags<AtFlags>(AT_EMPTY_PATH, AT_RECURSIVE);
    this.sys.mount_setattr(tree, '', all, { attr_set: attributes });
    return tree;
  }
}

function optionsOf({ version, controllers }: Hierarchy): Record<string, FileSystemOption> {
  if (version === 2) return {};
  const named = controllers.find((controller) => controller.startsWith('name='));
  return {
    ...(controllers.length === 1 && named !== undefined ? { none: true } : {}),
    ...Object.fromEntries(
      controllers.map((controller): [string, FileSystemOption] =>
        controller === named ? ['name', named.slice('name='.length)] : [controller, true],
      ),
    ),
  };
}

function noneMounted({ layout }: CgroupMountOptions): NsinitError {
  return new NsinitError(
    'NSINIT_VERIFY',
    layout === 'unified'
      ? 'the machine has no cgroup2 mounted: use layout: "host"'
      : 'the machine has no control groups mounted: leave this step out',
  );
}
