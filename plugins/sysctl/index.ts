import {
  AT_FDCWD,
  checkMounted,
  createMount,
  flags,
  hostPath,
  inject,
  injectable,
  isErrno,
  isHostNamespace,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  NsinitError,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  optionError,
  OptionReader,
  PROC_SUPER_MAGIC,
  readAll,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  RootDir,
  SYSCALLS,
  withFd,
  type Fd,
  type OpenFlags,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';
import { ownerOf, settingPath } from './setting-names.js';

/** The settings, by name. */
export interface SysctlOptions {
  /** Values by names, as sysctl(8) has them: `net.ipv4.ip_forward`. */
  readonly settings: Readonly<Record<string, string>>;
  /** Also settings that are the machine's, or of a namespace that the container shares with it. */
  readonly force: boolean;
}

/** Changes settings of the container's namespaces (sysctl(8)). */
@injectable()
export class SysctlStep implements Step<SysctlOptions> {
  static readonly stepName = 'sysctl';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly tolerates = [
    {
      call: 'readlinkat',
      errnos: ['EACCES', 'ENOENT'],
      because: 'where process 1 may not be looked at, the number of the namespace tells',
    },
  ] as const;
  static readonly fallbacks = {
    'mounted-proc': {
      when: ['EPERM'],
      instead: "the settings are written through the host's /proc",
      cost: 'it is checked to be proc, and not a file system of its own',
    },
  };

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): SysctlOptions {
    const given = new OptionReader(input);
    const settings = given.texts('settings');
    const force = given.boolean('force', false);
    for (const name of Object.keys(settings)) {
      const path = settingPath(name);
      const option = `settings.${name}`;
      if (path === undefined)
        throw optionError(option, 'named as sysctl(8) has it, such as net.core.somaxconn', name);
      if (ownerOf(path) === undefined && !force)
        throw optionError(option, "a setting of a namespace (others are the machine's)", name);
    }
    return given.done({ settings, force });
  }

  describe({ settings }: SysctlOptions): readonly string[] {
    return Object.entries(settings).map(([name, value]) => `set ${name} to ${value}`);
  }

  execute({ settings, force }: SysctlOptions, context: StepContext): void {
    const entries = Object.entries(settings);
    if (entries.length === 0) return;
    if (!force) for (const [name] of entries) this.#refuseHost(name);
    const proc = new RootDir(this.sys, context.keep(this.#openProc(context)));
    for (const [name, value] of entries) this.#set(context, proc, name, value);
  }

  #refuseHost(name: string): void {
    const owner = ownerOf(settingPath(name) ?? '');
    if (owner === undefined || !isHostNamespace(this.sys, owner)) return;
    throw new NsinitError(
      'NSINIT_HOST_NAMESPACE',
      `${name} is the machine's: give the container a ${owner} namespace of its own, or pass force`,
    );
  }

  /**
   * A proc of our own, which nobody can mount anything in (CVE-2025-52881). Where none may be
   * made, the host's: before the root switch /proc is not the image's.
   */
  #openProc(context: StepContext): Fd {
    const { sys } = this;
    try {
      const attributes = flags(MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC);
      return createMount(sys, { fstype: 'proc', source: 'proc', attributes });
    } catch (error) {
      if (!isErrno(error, 'EPERM')) throw error;
      context.fallBack('mounted-proc', error);
      const how = { flags: flags(O_PATH, O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC) };
      const fd = context.keep(sys.openat2(AT_FDCWD, hostPath('/proc'), how));
      checkMounted(sys, fd, '/proc', PROC_SUPER_MAGIC);
      return fd;
    }
  }

  #set(context: StepContext, proc: RootDir, name: string, value: string): void {
    const path = `/sys/${settingPath(name) ?? ''}`;
    const before = this.#use(proc, path, O_RDONLY, (fd) => readAll(this.sys, fd));
    const write = (text: string): void => {
      this.#use(proc, path, O_WRONLY, (fd) => this.sys.write(fd, Buffer.from(text)));
    };
    try {
      write(value);
    } catch (error) {
      if (!isErrno(error, 'EINVAL', 'ERANGE')) throw error;
      throw error.withHint(`${name} does not take ${JSON.stringify(value)}`);
    }
    context.defer(() => write(before));
  }

  /** Neither over mounts nor through links, so that it is proc's own file. */
  #use<T>(proc: RootDir, path: string, access: OpenFlags, use: (fd: Fd) => T): T {
    const file = proc.open(path, access, flags(RESOLVE_NO_XDEV, RESOLVE_NO_SYMLINKS));
    return withFd(this.sys, file, use);
  }
}
