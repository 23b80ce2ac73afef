import {
  AT_FDCWD,
  flags,
  hostPath,
  inject,
  injectable,
  isHostNamespace,
  NsinitError,
  O_CLOEXEC,
  O_RDONLY,
  optionError,
  OptionReader,
  readAll,
  SYSCALLS,
  withFd,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';

/** The names of the machine. */
export interface HostnameOptions {
  /** What uname(2) shows as the node's name; stays as it is when empty. */
  readonly hostname: string;
  /** The NIS domain; stays as it is when empty. */
  readonly domainname: string;
  /** Also where the names are the machine's own. */
  readonly force: boolean;
}

/** The longest name that the kernel takes, in bytes (`__NEW_UTS_LEN`). */
const LONGEST = 64;

/** Names the machine that the container sees (uts_namespaces(7)). */
@injectable()
export class HostnameStep implements Step<HostnameOptions> {
  static readonly stepName = 'hostname';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly tolerates = [
    {
      call: 'readlinkat',
      errnos: ['EACCES', 'ENOENT'],
      because: 'where process 1 may not be looked at, the number of the namespace tells',
    },
  ] as const;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): HostnameOptions {
    const given = new OptionReader(input);
    const hostname = readName(given, 'hostname');
    const domainname = readName(given, 'domainname');
    if (hostname === '' && domainname === '')
      throw optionError('hostname', 'given, or domainname', '');
    return given.done({ hostname, domainname, force: given.boolean('force', false) });
  }

  describe({ hostname, domainname }: HostnameOptions): readonly string[] {
    return [
      ...(hostname === '' ? [] : [`set the hostname to ${hostname}`]),
      ...(domainname === '' ? [] : [`set the NIS domain to ${domainname}`]),
    ];
  }

  execute({ hostname, domainname, force }: HostnameOptions, context: StepContext): void {
    const { sys } = this;
    if (!force && isHostNamespace(sys, 'uts')) {
      throw new NsinitError(
        'NSINIT_HOST_NAMESPACE',
        "this is the host's own UTS namespace: its name would change; give the container one of its own, or pass force",
      );
    }
    if (hostname !== '') {
      const before = this.#read('hostname');
      sys.sethostname(hostname);
      context.defer(() => sys.sethostname(before));
    }
    if (domainname !== '') {
      const before = this.#read('domainname');
      sys.setdomainname(domainname);
      context.defer(() => sys.setdomainname(before));
    }
  }

  // uname(2) is no call of the adapter; procfs tells the same of the calling thread.
  #read(name: 'hostname' | 'domainname'): string {
    const path = hostPath(`/proc/sys/kernel/${name}`);
    const fd = this.sys.openat2(AT_FDCWD, path, { flags: flags(O_RDONLY, O_CLOEXEC) });
    return withFd(this.sys, fd, () => readAll(this.sys, fd).replace(/\n$/, ''));
  }
}

function readName(given: OptionReader, option: string): string {
  const value = given.string(option, '');
  if (Buffer.byteLength(value) <= LONGEST && /^[\x21-\x7e]*$/.test(value)) return value;
  throw optionError(option, `a name of at most ${LONGEST} bytes without spaces`, value);
}
