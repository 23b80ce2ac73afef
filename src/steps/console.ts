import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import { NsinitError } from '../pipeline/errors.js';
import { AT_FDCWD, type Fd } from '../syscalls/descriptor.js';
import {
  AT_EMPTY_PATH,
  O_CLOEXEC,
  O_NOCTTY,
  O_NOFOLLOW,
  O_PATH,
  O_RDWR,
  S_IFCHR,
  S_IFMT,
  STATX_BASIC_STATS,
  TIOCGPTN,
} from '../syscalls/file-flags.js';
import { DEVPTS_SUPER_MAGIC } from '../syscalls/file-system-magic.js';
import { flags } from '../syscalls/flags.js';
import {
  MNT_DETACH,
  MS_BIND,
  OPEN_TREE_AT_EMPTY_PATH,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
} from '../syscalls/mount-flags.js';
import { component, fdPath, hostPath, type HostPath } from '../syscalls/paths.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { attachMount, withFd, withoutUmask } from './attach-mount.js';
import { inDev } from './dev-directory.js';
import { TERMINAL } from './keys.js';

export interface ConsoleOptions {
  /** The terminal's path on the host, as the seed took it; else the one handed over is used. */
  readonly path: string | undefined;
  /** The seed's calls by path: a node like the terminal's, and the terminal bound over it. */
  readonly classic: boolean;
}

const UNIX98_PTY_SLAVE_MAJOR = 136;

/** Shows a pseudo-terminal as /dev/console. Without one there is nothing to do. */
@injectable()
export class ConsoleStep implements Step<ConsoleOptions> {
  static readonly stepName = 'console';
  static readonly view = 'host';
  static readonly after = ['dev', 'system-mounts', 'ptmx'];
  static readonly writesRoot = true;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  static parse(input: unknown): ConsoleOptions {
    const given = new OptionReader(input);
    const path = given.string('path', '');
    return given.done({
      path: path === '' ? undefined : hostPath(path),
      classic: given.boolean('classic', path !== ''),
    });
  }

  describe({ path }: ConsoleOptions): string {
    return `bind ${path ?? 'the terminal, if there is one,'} on /dev/console`;
  }

  execute({ path, classic }: ConsoleOptions, context: StepContext): void {
    if (path !== undefined) {
      this.#classic(path, context);
      return;
    }
    const master = context.find(TERMINAL);
    if (master === undefined) return;
    if (classic) this.#classic(this.#pathOf(this.#numberOf(master)), context);
    else this.#bind(this.#openSlave(master), context);
  }

  #bind(slave: Fd, context: StepContext): void {
    withFd(this.sys, slave, () => {
      const tree = this.sys.open_tree(
        slave,
        '',
        flags(OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC, OPEN_TREE_AT_EMPTY_PATH),
      );
      inDev(context, (dev) => {
        context.root.removeIn(dev, 'console');
        withFd(this.sys, context.root.createFile(dev, 'console', 0o600), (target) => {
          attachMount(this.sys, context, tree, target);
        });
      });
    });
  }

  /**
   * The other side of the terminal, as a file of this mount namespace: only such can be bound. It
   * is known by its number, and checked to be that and to be on a devpts (CVE-2025-52565).
   */
  #openSlave(master: Fd): Fd {
    const minor = this.#numberOf(master);
    const path = this.#pathOf(minor);
    const slave = this.sys.openat2(AT_FDCWD, path, { flags: flags(O_PATH, O_NOFOLLOW, O_CLOEXEC) });
    const { mode, rdev } = this.sys.statx(slave, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
    // Each major has 256 minors (devices.txt).
    const same =
      rdev.major === UNIX98_PTY_SLAVE_MAJOR + (minor >> 8) && rdev.minor === (minor & 0xff);
    if ((mode & S_IFMT) === S_IFCHR && same && this.sys.fstatfs(slave).type === DEVPTS_SUPER_MAGIC)
      return slave;
    this.sys.close(slave);
    throw new NsinitError('NSINIT_VERIFY', `${path} is not the other side of the given terminal`);
  }

  #numberOf(master: Fd): number {
    const number = new Uint8Array(4);
    this.sys.ioctl(master, TIOCGPTN, number);
    return new DataView(number.buffer).getUint32(0, true);
  }

  #pathOf(minor: number): HostPath {
    return hostPath(`/dev/pts/${minor}`);
  }

  /** The seed's way: a node like the terminal's with the terminal bound over it. */
  #classic(path: string, context: StepContext): void {
    const how = { flags: flags(O_RDWR, O_NOCTTY, O_NOFOLLOW, O_CLOEXEC) };
    inDev(context, (dev) => {
      withoutUmask(this.sys, () => {
        withFd(this.sys, this.sys.openat2(AT_FDCWD, hostPath(path), how), (terminal) => {
          const { mode, rdev } = this.sys.statx(terminal, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
          context.root.removeIn(dev, 'console');
          this.sys.fchmod(terminal, 0o600);
          this.sys.fchownat(terminal, '', 0, 0, AT_EMPTY_PATH);
          context.root.mknodIn(dev, 'console', (mode & S_IFMT) | 0o600, rdev);
        });
        this.#bindOver(path, context, dev);
      });
    });
  }

  #bindOver(path: string, context: StepContext, dev: Fd): void {
    const how = { flags: flags(O_PATH, O_NOFOLLOW, O_CLOEXEC) };
    const target = this.sys.openat2(dev, component('console'), how);
    withFd(this.sys, target, () => {
      this.sys.mount(hostPath(path), fdPath(target), 'bind', MS_BIND, '');
    });
    const bound = context.keep(this.sys.openat2(dev, component('console'), how));
    context.defer(() => this.sys.umount2(fdPath(bound), MNT_DETACH));
  }
}
