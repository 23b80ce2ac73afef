import {
  AT_EMPTY_PATH,
  changeAttributes,
  cloneTree,
  createMount,
  attachMount,
  flags,
  FSCONFIG_CMD_RECONFIGURE,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  FSPICK_CLOEXEC,
  FSPICK_EMPTY_PATH,
  hasFlags,
  inject,
  injectable,
  isErrno,
  newMountFlags,
  NsinitError,
  O_PATH,
  openMountPoint,
  OptionReader,
  optionError,
  PID_NAMESPACE,
  spreadMount,
  STATX_ATTR_MOUNT_ROOT,
  STATX_BASIC_STATS,
  SYSCALLS,
  withFd,
  type Fd,
  type HostPath,
  type MountAttrFlags,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';
import { dataOptions, planMountOptions, type MountPlan } from './mount-options.js';

/** A file system that is mounted, or one that is there already and changed (`remount`). */
export interface OciMountOptions {
  readonly target: string;
  /** `proc`, `tmpfs`, …; not needed for a remount. */
  readonly fstype: string;
  /** What mountinfo shows as its source. */
  readonly source: string;
  /** By the names of the OCI specification; what it does not have belongs to the file system. */
  readonly options: readonly string[];
}

/** Mounts a file system as an entry of `mounts` says. */
@injectable()
export class OciMountStep implements Step<OciMountOptions> {
  static readonly stepName = 'oci:mount';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['bind-rootfs'];
  static readonly writesRoot = true;
  static readonly repeatable = true;

  static readonly fallbacks = {
    'bind-host-sys': {
      when: ['EPERM'],
      instead: "the host's /sys is bound read-only",
      cost: "the container sees the host's devices and network",
    },
  };

  static readonly tolerates = [
    {
      call: 'openat2',
      errnos: ['ENOENT'],
      because: 'a new tmpfs covers nothing whose mode it had',
    },
  ] as const;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): OciMountOptions {
    const given = new OptionReader(input);
    const options = given.list('options', (item, name) => item.string(name));
    const plan = planMountOptions(options);
    if (plan.bind !== undefined && !plan.remount)
      throw optionError('options', 'those of a file system, not of a bind', plan.bind);
    const fstype = given.string('fstype', '');
    if (fstype === '' && !plan.remount)
      throw optionError('fstype', 'the name of a file system', fstype);
    return given.done({
      target: given.mountPoint('target'),
      fstype,
      source: given.string('source', fstype || 'none'),
      options,
    });
  }

  describe({ target, fstype, options }: OciMountOptions): string {
    const plan = planMountOptions(options);
    const words = options.filter((option) => option !== 'remount').join(',');
    const how = words === '' ? '' : ` with ${words}`;
    return plan.remount
      ? `change the mount on ${target}${how}`
      : `mount ${fstype} on ${target}${how}`;
  }

  execute(options: OciMountOptions, context: StepContext): void {
    const plan = planMountOptions(options.options);
    if (plan.remount) this.#change(options, plan, context);
    else this.#mount(options, plan, context);
  }

  #mount(options: OciMountOptions, plan: MountPlan, context: StepContext): void {
    const { sys } = this;
    // Before its place is made: nothing is covered then.
    const covered = options.fstype === 'tmpfs' ? this.#modeOf(options.target, context) : undefined;
    withFd(sys, this.#openPlace(options, context), (place) => {
      const { mount, showsHost } = this.#open(options, plan, context, covered);
      attachMount(sys, context, context.keep(mount), place, {
        attributes: attributesOf(options, plan),
        showsHost,
        shared: plan.propagation.some((mode) => mode.endsWith('shared')),
      });
      changeAttributes(sys, mount, plan.recursive, { recursive: true });
      spreadMount(sys, mount, plan.propagation);
    });
  }

  /** No link of the image may lead where proc and sys are mounted (CVE-2019-19921). */
  #openPlace({ target, fstype }: OciMountOptions, context: StepContext): Fd {
    return fstype === 'proc' || fstype === 'sysfs'
      ? context.root.realDirectory(target, 0o755)
      : openMountPoint(this.sys, context, target, 'directory');
  }

  /** A sysfs that is to be read-only may be the host's: it belongs to a network namespace. */
  #open(
    options: OciMountOptions,
    plan: MountPlan,
    context: StepContext,
    covered: string | undefined,
  ): { readonly mount: Fd; readonly showsHost: boolean } {
    const { sys } = this;
    try {
      return { mount: this.#create(options, plan, context, covered), showsHost: false };
    } catch (error) {
      const mayBind = options.fstype === 'sysfs' && plan.attributes.readonly === true;
      if (!mayBind || !isErrno(error, 'EPERM')) throw error;
      context.fallBack('bind-host-sys', error);
    }
    // Recursively, for a user namespace, where what is mounted below is locked.
    const mount = context.keep(cloneTree(sys, context, { path: '/sys' as HostPath }));
    changeAttributes(sys, mount, plan.attributes, { recursive: true });
    return { mount, showsHost: true };
  }

  #create(
    { target, fstype, source }: OciMountOptions,
    plan: MountPlan,
    context: StepContext,
    covered: string | undefined,
  ): Fd {
    const pids = fstype === 'proc' ? context.find(PID_NAMESPACE) : undefined;
    return createMount(this.sys, {
      fstype,
      source,
      attributes: attributesOf({ target, fstype }, plan),
      options: {
        // A tmpfs looks like what it covers, unless it is told otherwise.
        ...(covered === undefined ? {} : { mode: covered }),
        ...superblockOptions(plan, isReadonlyNow({ target, fstype }, plan)),
        ...dataOptions(plan.data),
        ...(pids === undefined ? {} : { pidns: { fd: pids } }),
      },
    });
  }

  #modeOf(target: string, { root }: StepContext): string | undefined {
    const { sys } = this;
    try {
      return withFd(sys, root.openDirectory(target), (fd) => {
        const { mode } = sys.statx(fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
        return (mode & 0o7777).toString(8).padStart(4, '0');
      });
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** mount(2) with MS_REMOUNT would set every flag anew; this changes what is named, and no more. */
  #change({ target }: OciMountOptions, plan: MountPlan, { root }: StepContext): void {
    const { sys } = this;
    withFd(sys, root.open(target, O_PATH), (place) => {
      const { attributes } = sys.statx(place, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
      if (!hasFlags(attributes, STATX_ATTR_MOUNT_ROOT))
        throw new NsinitError('NSINIT_VERIFY', `nothing is mounted on ${target} to be remounted`);
      const bind = plan.bind !== undefined;
      const options = Object.entries({
        ...(bind ? {} : superblockOptions(plan, plan.attributes.readonly === true)),
        ...dataOptions(plan.data),
      });
      if (options.length > 0) this.#reconfigure(place, options);
      changeAttributes(sys, place, plan.attributes, { recursive: false });
      changeAttributes(sys, place, plan.recursive, { recursive: true });
      spreadMount(sys, place, plan.propagation);
    });
  }

  #reconfigure(place: Fd, options: readonly (readonly [string, string | true])[]): void {
    const { sys } = this;
    withFd(sys, sys.fspick(place, '', flags(FSPICK_EMPTY_PATH, FSPICK_CLOEXEC)), (picked) => {
      for (const [name, value] of options) {
        if (value === true) sys.fsconfig(picked, FSCONFIG_SET_FLAG, name, null, 0);
        else sys.fsconfig(picked, FSCONFIG_SET_STRING, name, value, 0);
      }
      sys.fsconfig(picked, FSCONFIG_CMD_RECONFIGURE, null, null, 0);
    });
  }
}

/** Flags of the file system itself; `ro` is one of them too, as with mount(2). */
function superblockOptions({ superblock }: MountPlan, readonly: boolean): Record<string, true> {
  const names = readonly ? [...superblock, 'ro'] : superblock;
  return Object.fromEntries(names.map((name): [string, true] => [name, true]));
}

type Place = Pick<OciMountOptions, 'target' | 'fstype'>;

const attributesOf = (place: Place, plan: MountPlan): MountAttrFlags =>
  newMountFlags({ ...plan.attributes, readonly: isReadonlyNow(place, plan) });

const isReadonlyNow = ({ target, fstype }: Place, { attributes }: MountPlan): boolean =>
  attributes.readonly === true && !isReadonlyLater(target, fstype);

/** What later mounts and nodes are made in becomes read-only when they are there. */
export function isReadonlyLater(target: string, fstype: string): boolean {
  return fstype === 'tmpfs' || target === '/dev';
}
