import { expectedMount } from '../pipeline/expectation.js';
import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext, Tolerance } from '../pipeline/step.js';
import { NsinitError } from '../pipeline/errors.js';
import { AT_FDCWD, asFd, type Fd } from '../syscalls/descriptor.js';
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
  TIOCGPTPEER,
} from '../syscalls/file-flags.js';
import { DEVPTS_SUPER_MAGIC } from '../syscalls/file-system-magic.js';
import { flags } from '../syscalls/flags.js';
import { MS_BIND } from '../syscalls/mount-flags.js';
import { fdPath, hostPath, type HostPath } from '../syscalls/paths.js';
import { isErrno } from '../syscalls/syscall-error.js';
import type { Statx, Syscalls } from '../syscalls/syscalls.js';
import { keepMounted, orClose, withFd, withoutUmask } from './attach-mount.js';
import { BIND_FALLBACKS, bindTree } from './bind-tree.js';
import { devDirectory } from './dev-directory.js';
import { checkDevice, checkSameFile, type Device } from './identity.js';
import { TERMINAL } from './keys.js';

/** What `console` takes. */
export interface ConsoleOptions {
  /** The terminal's path on the host, as the seed took it; else the one handed over is used. */
  readonly path: HostPath | undefined;
  /** The seed's calls by path: a node like the terminal's, and the terminal bound over it. */
  readonly classic: boolean;
}

// Each has 256 minors (devices.txt).
const UNIX98_PTY_SLAVE_MAJORS = [136, 143] as const;

/** Shows a pseudo-terminal as /dev/console. Without one there is nothing to do. */
@injectable()
export class ConsoleStep implements Step<ConsoleOptions> {
  static readonly stepName = 'console';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['dev', 'system-mounts', 'ptmx'];
  static readonly writesRoot = true;
  static readonly fallbacks = BIND_FALLBACKS;
  static readonly tolerates = [
    { call: 'unlinkat', errnos: ['EBUSY'], because: 'the terminal covers what is mounted there' },
  ] as const satisfies readonly Tolerance[];

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
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
      this.#classic(path, undefined, context);
      return;
    }
    const master = context.find(TERMINAL);
    if (master === undefined) return;
    if (classic) this.#classic(this.#pathOf(master), master, context);
    else this.#bind(this.#openSlave(master), context);
  }

  #bind(slave: Fd, context: StepContext): void {
    withFd(this.sys, slave, () => {
      withFd(this.sys, this.#makePlace(context), (target) => {
        bindTree(this.sys, context, slave, target);
      });
    });
  }

  #makePlace(context: StepContext): Fd {
    const dev = devDirectory(context);
    try {
      context.root.removeIn(dev, 'console');
    } catch (error) {
      // Something is mounted there: the terminal covers it.
      if (!isErrno(error, 'EBUSY')) throw error;
      return context.root.openIn(dev, 'console');
    }
    return context.root.createFile(dev, 'console', 0o600);
  }

  /**
   * The other side of the terminal, as a file of this mount namespace: only such can be bound.
   * What is found under its number is checked to be the very file that the master leads to
   * (TIOCGPTPEER), on a devpts: the path may lead elsewhere (CVE-2025-52565).
   */
  #openSlave(master: Fd): Fd {
    const path = this.#pathOf(master);
    const slave = this.sys.openat2(AT_FDCWD, path, { flags: flags(O_PATH, O_NOFOLLOW, O_CLOEXEC) });
    return orClose(this.sys, slave, () => {
      this.#checkPeer(master, slave, path);
      return slave;
    });
  }

  #checkPeer(master: Fd, slave: Fd, path: string): void {
    const complaint = `${path} is not the other side of the given terminal`;
    const how = flags(O_RDWR, O_NOCTTY, O_CLOEXEC);
    withFd(this.sys, asFd(this.sys.ioctl(master, TIOCGPTPEER, how)), (peer) =>
      checkSameFile(this.sys, slave, peer, complaint),
    );
    const { mode, rdev } = this.sys.statx(slave, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
    const [least, most] = UNIX98_PTY_SLAVE_MAJORS;
    const isTerminal = (mode & S_IFMT) === S_IFCHR && rdev.major >= least && rdev.major <= most;
    if (!isTerminal || this.sys.fstatfs(slave).type !== DEVPTS_SUPER_MAGIC)
      throw new NsinitError('NSINIT_VERIFY', complaint);
  }

  #pathOf(master: Fd): HostPath {
    const number = new Uint8Array(4);
    this.sys.ioctl(master, TIOCGPTN, number);
    return hostPath(`/dev/pts/${new DataView(number.buffer).getUint32(0, true)}`);
  }

  /** The seed's way: a node like the terminal's with the terminal bound over it. */
  #classic(path: HostPath, master: Fd | undefined, context: StepContext): void {
    const how = { flags: flags(O_RDWR, O_NOCTTY, O_NOFOLLOW, O_CLOEXEC) };
    const dev = devDirectory(context);
    withoutUmask(this.sys, () => {
      const terminal = context.keep(this.sys.openat2(AT_FDCWD, path, how));
      const stat = this.sys.statx(terminal, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
      if (master !== undefined) this.#checkPeer(master, terminal, path);
      else if ((stat.mode & S_IFMT) !== S_IFCHR)
        throw new NsinitError('NSINIT_VERIFY', `${path} is not a terminal`);
      context.root.removeIn(dev, 'console');
      this.#giveToRoot(terminal, stat, context);
      context.root.mknodIn(dev, 'console', S_IFCHR | 0o600, stat.rdev);
      this.#bindOver(terminal, { type: S_IFCHR, number: stat.rdev }, context, dev);
    });
  }

  /** The terminal is the host's: it is given back when a later step fails. */
  #giveToRoot(terminal: Fd, { mode, uid, gid }: Statx, context: StepContext): void {
    this.sys.fchmod(terminal, 0o600);
    context.defer(() => this.sys.fchmod(terminal, mode & ~S_IFMT));
    this.sys.fchownat(terminal, '', 0, 0, AT_EMPTY_PATH);
    context.defer(() => this.sys.fchownat(terminal, '', uid, gid, AT_EMPTY_PATH));
  }

  /** By the terminal's descriptor: what its path says may have changed since it was looked at. */
  #bindOver(terminal: Fd, device: Device, context: StepContext, dev: Fd): void {
    const { sys } = this;
    const where = `${sys.descriptors.get(dev)}/console`;
    withFd(sys, context.root.openIn(dev, 'console'), (target) => {
      checkDevice(sys, target, where, device);
      sys.mount(fdPath(terminal), fdPath(target), 'bind', MS_BIND, '');
      const bound = keepMounted(sys, context, () => context.root.openIn(dev, 'console'));
      checkSameFile(sys, bound, terminal, `${where} is not the terminal that was bound there`);
      context.expect(expectedMount(sys, bound));
    });
  }
}
