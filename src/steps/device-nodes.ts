import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import { NsinitError } from '../pipeline/errors.js';
import { AT_FDCWD, type Fd } from '../syscalls/descriptor.js';
import {
  AT_EMPTY_PATH,
  O_CLOEXEC,
  O_NOFOLLOW,
  O_PATH,
  S_IFCHR,
  S_IFMT,
  STATX_BASIC_STATS,
  type AtFlags,
} from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import {
  OPEN_TREE_AT_EMPTY_PATH,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
} from '../syscalls/mount-flags.js';
import { component, hostPath } from '../syscalls/paths.js';
import { isErrno } from '../syscalls/syscall-error.js';
import type { DeviceNumber, Statx, Syscalls } from '../syscalls/syscalls.js';
import { attachMount, withFd, withoutUmask } from './attach-mount.js';
import { inDev } from './dev-directory.js';

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

/** Makes the device nodes of /dev. */
@injectable()
export class DeviceNodesStep implements Step<DeviceNodesOptions> {
  static readonly stepName = 'device-nodes';
  static readonly view = 'host';
  static readonly after = ['bind-rootfs', 'dev'];
  static readonly writesRoot = true;
  static readonly fallbacks = {
    'bind-host-node': {
      when: ['EPERM'],
      instead: "the host's device nodes are bound",
      cost: "mode and owner are the host's",
    },
  };

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

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
          if (fromHost) copyNode(this.sys, context, dev, name);
          else if (bind) this.#bind(context, dev, name, number);
          else bind = !this.#make(context, dev, name, number);
        }
      });
    });
  }

  /** @returns false when nodes have to be bound. */
  #make(context: StepContext, dev: Fd, name: string, number: DeviceNumber): boolean {
    try {
      context.root.mknodIn(dev, name, S_IFCHR | 0o666, number);
    } catch (error) {
      if (!isErrno(error, 'EPERM')) throw error;
      context.fallBack('bind-host-node', error);
      this.#bind(context, dev, name, number);
      return false;
    }
    const how = { flags: flags(O_PATH, O_NOFOLLOW, O_CLOEXEC) };
    withFd(this.sys, this.sys.openat2(dev, component(name), how), (fd) =>
      this.#verify(fd, name, number),
    );
    return true;
  }

  #bind(context: StepContext, dev: Fd, name: string, number: DeviceNumber): void {
    const how = { flags: flags(O_PATH, O_NOFOLLOW, O_CLOEXEC) };
    withFd(this.sys, this.sys.openat2(AT_FDCWD, hostPath(`/dev/${name}`), how), (source) => {
      this.#verify(source, name, number);
      const tree = this.sys.open_tree(
        source,
        '',
        flags(OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC, OPEN_TREE_AT_EMPTY_PATH),
      );
      withFd(this.sys, context.root.createFile(dev, name, 0o666), (target) => {
        attachMount(this.sys, context, tree, target);
      });
    });
  }

  /** By descriptor: what stands under the name may have been swapped (CVE-2025-31133). */
  #verify(fd: Fd, name: string, { major, minor }: DeviceNumber): void {
    const { mode, rdev } = this.sys.statx(fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
    if ((mode & S_IFMT) === S_IFCHR && rdev.major === major && rdev.minor === minor) return;
    throw new NsinitError(
      'NSINIT_VERIFY',
      `/dev/${name} is not the character device ${major}:${minor}`,
    );
  }
}

/** Copies a node of the host's /dev. An entry that is there already stays. @throws SyscallError */
export function copyNode(sys: Syscalls, context: StepContext, dev: Fd, name: string): void {
  const stat: Statx = sys.statx(
    AT_FDCWD,
    hostPath(`/dev/${name}`),
    flags<AtFlags>(),
    STATX_BASIC_STATS,
  );
  try {
    context.root.mknodIn(dev, name, stat.mode, stat.rdev);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
}
