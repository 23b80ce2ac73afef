import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext, Tolerance } from '../pipeline/step.js';
import { NsinitError } from '../pipeline/errors.js';
import { AT_FDCWD, type Fd } from '../syscalls/descriptor.js';
import {
  O_CLOEXEC,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  S_IFCHR,
  S_IFMT,
  STATX_BASIC_STATS,
  type AtFlags,
} from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import { component, hostPath } from '../syscalls/paths.js';
import { isErrno } from '../syscalls/syscall-error.js';
import type { DeviceNumber, Syscalls } from '../syscalls/syscalls.js';
import { withFd, withoutUmask } from './attach-mount.js';
import { BIND_FALLBACKS, bindTree } from './bind-tree.js';
import { inDev } from './dev-directory.js';
import { checkDeviceStat, statOf, type Device } from './identity.js';

/** What `device-nodes` takes. */
export interface DeviceNodesOptions {
  /** Copies type, mode and number of the host's nodes, and takes whatever is there already. */
  readonly fromHost: boolean;
}

/** The nodes that every container has (config-linux.md, Default Devices), in the seed's order. */
const NODES: readonly (readonly [name: string, dev: DeviceNumber])[] = [
  ['null', { major: 1, minor: 3 }],
  ['zero', { major: 1, minor: 5 }],
  ['full', { major: 1, minor: 7 }],
  ['random', { major: 1, minor: 8 }],
  ['urandom', { major: 1, minor: 9 }],
  ['tty', { major: 5, minor: 0 }],
];

/** Who owns what belongs to an id that is not mapped (user_namespaces(7), overflowuid). */
const NOBODY = 65534;

/** Makes the device nodes of /dev. */
@injectable()
export class DeviceNodesStep implements Step<DeviceNodesOptions> {
  static readonly stepName = 'device-nodes';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['bind-rootfs', 'dev'];
  static readonly writesRoot = true;
  static readonly fallbacks = {
    ...BIND_FALLBACKS,
    'bind-host-node': {
      when: ['EPERM', 'EACCES'],
      instead: "the host's device nodes are bound",
      cost: "mode and owner are the host's",
    },
  };

  static readonly tolerates = [
    { call: 'mknodat', errnos: ['EEXIST'], because: 'with fromHost a node that is there stays' },
  ] as const satisfies readonly Tolerance[];

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): DeviceNodesOptions {
    const given = new OptionReader(input);
    return given.done({ fromHost: given.boolean('fromHost', false) });
  }

  describe(): readonly string[] {
    return NODES.map(
      ([name, { major, minor }]) => `make the node /dev/${name} (${major}:${minor})`,
    );
  }

  execute({ fromHost }: DeviceNodesOptions, context: StepContext): void {
    inDev(context, (dev) => {
      withoutUmask(this.sys, () => {
        let bind = false;
        for (const [name, number] of NODES) {
          if (fromHost) copyNode(this.sys, context, dev, name, { type: S_IFCHR, number });
          else if (bind) this.#bind(context, dev, name, number);
          else bind = !this.#make(context, dev, name, number);
          if (!fromHost) context.expect({ path: `/dev/${name}`, type: S_IFCHR, device: number });
        }
      });
    });
  }

  /** @returns false when nodes have to be bound. */
  #make(context: StepContext, dev: Fd, name: string, number: DeviceNumber): boolean {
    try {
      context.root.mknodIn(dev, name, S_IFCHR | 0o666, number);
      checkNode(this.sys, context, dev, name, { type: S_IFCHR, number });
      if (name === 'null') this.#open(dev, name);
      return true;
    } catch (error) {
      if (!isErrno(error, 'EPERM', 'EACCES')) throw error;
      context.fallBack('bind-host-node', error);
      if (error.syscall === 'openat2') context.root.removeIn(dev, name);
      this.#bind(context, dev, name, number);
      return false;
    }
  }

  /** Nodes can be made and still be dead: on a nodev mount, or by a control group of devices. */
  #open(dev: Fd, name: string): void {
    const how = { flags: flags(O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_CLOEXEC) };
    this.sys.close(this.sys.openat2(dev, component(name), how));
  }

  #bind(context: StepContext, dev: Fd, name: string, number: DeviceNumber): void {
    const how = { flags: flags(O_PATH, O_NOFOLLOW, O_CLOEXEC) };
    withFd(this.sys, this.sys.openat2(AT_FDCWD, hostPath(`/dev/${name}`), how), (source) => {
      const stat = statOf(this.sys, source);
      checkDeviceStat(stat, `/dev/${name}`, { type: S_IFCHR, number });
      // Whoever has its owner's id inside could change the mode of the host's node. Devices on a
      // read-only mount can be written to all the same.
      const readonly = stat.uid !== NOBODY;
      withFd(this.sys, context.root.createFile(dev, name, 0o666), (target) => {
        bindTree(this.sys, context, source, target, { readonly });
      });
    });
  }
}

/**
 * Copies a node of the host's /dev, mode and all. A node that is there already stays, if it is the
 * same device (CVE-2025-31133: an image brings a /dev/null of its own).
 *
 * @throws SyscallError; NsinitError when the host's or the root's is another device.
 */
export function copyNode(
  sys: Syscalls,
  context: StepContext,
  dev: Fd,
  name: string,
  wanted: Device,
): void {
  const path = hostPath(`/dev/${name}`);
  const { mode, rdev } = sys.statx(AT_FDCWD, path, flags<AtFlags>(), STATX_BASIC_STATS);
  if ((mode & S_IFMT) !== wanted.type)
    throw new NsinitError('NSINIT_VERIFY', `the host's ${path} is not a device of the usual type`);
  try {
    context.root.mknodIn(dev, name, mode, rdev);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
  checkNode(sys, context, dev, name, wanted);
}

/** What has just been made may have been swapped already. */
function checkNode(
  sys: Syscalls,
  { root }: StepContext,
  dev: Fd,
  name: string,
  wanted: Device,
): void {
  checkDeviceStat(root.lookIn(dev, name), `${sys.descriptors.get(dev)}/${name}`, wanted);
}
