import {
  MOST_ID,
  AT_EMPTY_PATH,
  AT_FDCWD,
  attachMount,
  checkDevice,
  component,
  flags,
  hostPath,
  inDev,
  inject,
  injectable,
  isErrno,
  MOUNT_ATTR_RDONLY,
  NsinitError,
  O_CLOEXEC,
  O_NOFOLLOW,
  O_PATH,
  OPEN_TREE_AT_EMPTY_PATH,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  OptionReader,
  orClose,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFMT,
  splitPath,
  STATX_BASIC_STATS,
  SYSCALLS,
  withFd,
  withoutUmask,
  type Fd,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';
import type { OciDevice } from './oci-plan.js';

/** `linux.devices` of a configuration. */
export interface OciDevicesOptions {
  readonly devices: readonly OciDevice[];
}

const TYPES = { c: S_IFCHR, b: S_IFBLK, p: S_IFIFO } as const;
const ENTRY = { flags: flags(O_PATH, O_NOFOLLOW, O_CLOEXEC) };

/** Makes device nodes and fifos, wherever they are to be. */
@injectable()
export class OciDevicesStep implements Step<OciDevicesOptions> {
  static readonly stepName = 'oci:devices';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['bind-rootfs', 'oci:mount', 'bind-mounts', 'tmpfs'];
  static readonly writesRoot = true;
  static readonly fallbacks = {
    'bind-host-node': {
      when: ['EPERM'],
      instead: "the host's device nodes are bound",
      cost: "mode and owner are the host's",
    },
  };

  static readonly tolerates = [
    { call: 'mknodat', errnos: ['EEXIST'], because: 'a node that is there and the same one stays' },
  ] as const;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): OciDevicesOptions {
    const given = new OptionReader(input);
    return given.done({ devices: given.objects('devices', readDevice) });
  }

  describe({ devices }: OciDevicesOptions): readonly string[] {
    return devices.map((device) => `make ${describeDevice(device)}`);
  }

  execute({ devices }: OciDevicesOptions, context: StepContext): void {
    withoutUmask(this.sys, () => {
      for (const device of devices) this.#makeIn(device, context);
    });
  }

  /** In the kept directory of /dev where it belongs there, else beside whatever is on the way. */
  #makeIn(device: OciDevice, context: StepContext): void {
    const { parent, name } = splitPath(device.path);
    if (parent === '/dev') inDev(context, (dev) => this.#make(device, name, dev, context));
    else {
      withFd(this.sys, context.root.mkdirAll(parent, 0o755), (directory) =>
        this.#make(device, name, directory, context),
      );
    }
  }

  #make(device: OciDevice, name: string, directory: Fd, context: StepContext): void {
    const { path, type, mode, major, minor } = device;
    const expected = { path, type: TYPES[type] };
    context.expect(type === 'p' ? expected : { ...expected, device: { major, minor } });
    try {
      context.root.mknodIn(directory, name, TYPES[type] | mode, { major, minor });
    } catch (error) {
      // One that is as asked for may stay, and any other must not be taken for it (config-linux.md).
      if (isErrno(error, 'EEXIST')) {
        withFd(this.sys, this.#openExisting(name, directory, error), (fd) =>
          this.#check(device, fd),
        );
        return;
      }
      if (!isErrno(error, 'EPERM') || type === 'p') throw error;
      context.fallBack('bind-host-node', error);
      this.#bind(device, name, directory, context);
      return;
    }
    withFd(this.sys, this.sys.openat2(directory, component(name), ENTRY), (fd) => {
      this.#check(device, fd);
      this.#own(device, fd);
    });
  }

  #openExisting(name: string, directory: Fd, exists: unknown): Fd {
    try {
      return this.sys.openat2(directory, component(name), ENTRY);
    } catch (error) {
      throw isErrno(error, 'ENOENT') ? exists : error;
    }
  }

  #check({ path, type, major, minor }: OciDevice, fd: Fd): void {
    if (type !== 'p') {
      checkDevice(this.sys, fd, path, { type: TYPES[type], number: { major, minor } });
      return;
    }
    const { mode } = this.sys.statx(fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
    if ((mode & S_IFMT) === S_IFIFO) return;
    throw new NsinitError('NSINIT_VERIFY', `${path} is not a fifo: remove what is in its place`);
  }

  #own({ uid, gid }: OciDevice, fd: Fd): void {
    const stat = this.sys.statx(fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
    if (stat.uid !== uid || stat.gid !== gid) this.sys.fchownat(fd, '', uid, gid, AT_EMPTY_PATH);
  }

  /** In a user namespace no node can be made (mknod(2)). */
  #bind(device: OciDevice, name: string, directory: Fd, context: StepContext): void {
    const { sys } = this;
    withFd(sys, sys.openat2(AT_FDCWD, hostPath(device.path), ENTRY), (source) => {
      this.#check(device, source);
      const how = flags(OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC, OPEN_TREE_AT_EMPTY_PATH);
      const tree = sys.open_tree(source, '', how);
      orClose(sys, tree, () => {
        // Or who has its owner's id inside could change the mode of the host's node.
        sys.mount_setattr(tree, '', AT_EMPTY_PATH, { attr_set: MOUNT_ATTR_RDONLY });
        withFd(sys, context.root.createFile(directory, name, device.mode), (target) => {
          attachMount(sys, context, tree, target, { attributes: MOUNT_ATTR_RDONLY });
        });
      });
    });
  }
}

function describeDevice({ path, type, major, minor }: OciDevice): string {
  if (type === 'p') return `the fifo ${path}`;
  return `the ${type === 'c' ? 'character' : 'block'} device ${path} (${major}:${minor})`;
}

function readDevice(given: OptionReader): OciDevice {
  return given.done({
    path: given.mountPoint('path'),
    type: given.oneOf('type', ['c', 'b', 'p'], 'c'),
    major: given.integer('major', 0, 0xfff, 0),
    minor: given.integer('minor', 0, 0xfffff, 0),
    mode: given.fileMode('mode', 0o666),
    uid: given.integer('uid', 0, MOST_ID, 0),
    gid: given.integer('gid', 0, MOST_ID, 0),
  });
}
