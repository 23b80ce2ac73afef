import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  checkSameFile,
  flags,
  inject,
  injectable,
  NsinitError,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  OptionReader,
  readBytes,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  splitPath,
  STATX_BASIC_STATS,
  SYSCALLS,
  withFd,
  type Fd,
  type Component,
  type FileAttributes,
  type HostPath,
  type Statx,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';
import { readEntry, type FilesEntry, type FilesOptions } from './options.js';

export { ENTRY_TYPES, type FilesEntry, type FilesOptions } from './options.js';

const SELF = '.' as Component;
const LISTED = { flags: flags(O_RDONLY, O_DIRECTORY, O_CLOEXEC) };
// A fifo must not be waited for.
const READ_HOST = { flags: flags(O_RDONLY, O_NONBLOCK, O_CLOEXEC) };
/** The number by which chown(2) leaves an id as it is. */
const UNCHANGED = -1;

/** Makes directories, files and links in the root, and changes modes and owners. */
@injectable()
export class FilesStep implements Step<FilesOptions> {
  static readonly stepName = 'files';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['bind-rootfs', 'overlay-root', 'dev', 'system-mounts', 'tmpfs'];
  static readonly writesRoot = true;
  static readonly repeatable = true;
  static readonly tolerates = [
    { call: 'mkdirat', errnos: ['EEXIST'], because: 'a directory that is there will do' },
  ] as const;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): FilesOptions {
    const given = new OptionReader(input);
    return given.done({ entries: given.objects('entries', readEntry) });
  }

  describe({ entries }: FilesOptions): readonly string[] {
    return entries.map(describeEntry);
  }

  execute({ entries }: FilesOptions, context: StepContext): void {
    for (const entry of entries) {
      if (entry.type === 'attributes') this.#change(entry, context);
      else this.#make(entry, context);
    }
  }

  #make(entry: FilesEntry, context: StepContext): void {
    const { parent, name } = splitPath(entry.path);
    withFd(this.sys, context.root.mkdirAll(parent, 0o755), (directory) => {
      if (entry.type === 'directory') this.#makeDirectory(entry, directory, name, context);
      else if (entry.type === 'link') this.#makeLink(entry, directory, name, context);
      else this.#makeFile(entry, directory, name, context);
    });
  }

  #makeDirectory(entry: FilesEntry, parent: Fd, name: string, context: StepContext): void {
    const { sys } = this;
    const isNew = context.root.mkdirIn(parent, name, 0o700);
    const { mode = isNew ? 0o755 : undefined, uid, gid } = entry;
    withFd(sys, context.root.enterIn(parent, name, 0o700), (named) => {
      if (mode === undefined && uid === undefined && gid === undefined) return;
      const fd = context.keep(sys.openat2(named, SELF, LISTED));
      this.#give({ mode, uid, gid }, fd, context, isNew);
    });
  }

  #makeFile(entry: FilesEntry, directory: Fd, name: string, context: StepContext): void {
    const content = entry.source === undefined ? entry.content : this.#readHost(entry.source);
    context.root.removeIn(directory, name);
    context.root.writeFileIn(directory, name, content ?? '', entry);
  }

  #readHost(source: HostPath): Uint8Array {
    return withFd(this.sys, this.sys.openat2(AT_FDCWD, source, READ_HOST), (fd) => {
      if (typeOf(this.#look(fd)) !== S_IFREG)
        throw new NsinitError('NSINIT_VERIFY', `${source} is no regular file`);
      return readBytes(this.sys, fd);
    });
  }

  #makeLink(
    { path, target = '', uid, gid }: FilesEntry,
    directory: Fd,
    name: string,
    { root, expect }: StepContext,
  ): void {
    if (!root.symlinkOver(directory, name, target))
      throw new NsinitError('NSINIT_VERIFY', `something is mounted on ${path}`);
    if (uid !== undefined || gid !== undefined)
      withFd(this.sys, root.openIn(directory, name), (fd) =>
        this.sys.fchownat(fd, '', uid ?? UNCHANGED, gid ?? UNCHANGED, AT_EMPTY_PATH),
      );
    expect({ path, type: S_IFLNK, target });
  }

  /** Of what is there, also where a link leads to it, inside the root. */
  #change(entry: FilesEntry, context: StepContext): void {
    const { sys } = this;
    withFd(sys, context.root.open(entry.path, O_PATH), (named) => {
      // A device that is opened may do something, and a socket cannot be.
      const type = typeOf(this.#look(named));
      if (type !== S_IFREG && type !== S_IFDIR)
        throw new NsinitError('NSINIT_VERIFY', `${entry.path} is neither a file nor a directory`);
      // fchmod(2) takes no descriptor that only names a file.
      const fd = context.keep(context.root.open(entry.path, flags(O_RDONLY, O_NONBLOCK)));
      checkSameFile(sys, fd, named, `${entry.path} became another file meanwhile`);
      this.#give(entry, fd, context, false);
    });
  }

  #give({ mode, uid, gid }: FileAttributes, fd: Fd, context: StepContext, isNew: boolean): void {
    const { sys } = this;
    const before = this.#look(fd);
    const owned = uid !== undefined || gid !== undefined;
    if (owned) sys.fchownat(fd, '', uid ?? UNCHANGED, gid ?? UNCHANGED, AT_EMPTY_PATH);
    // Mode after owner, both times: a change of hands takes set-user-ID away (chown(2)).
    if (!isNew)
      context.defer(() => {
        if (owned) sys.fchownat(fd, '', before.uid, before.gid, AT_EMPTY_PATH);
        sys.fchmod(fd, before.mode & ~S_IFMT);
      });
    if (mode !== undefined) sys.fchmod(fd, mode);
  }

  #look(fd: Fd): Statx {
    return this.sys.statx(fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
  }
}

const typeOf = ({ mode }: Statx): number => mode & S_IFMT;

function describeEntry({ path, type, source, target, mode, uid, gid }: FilesEntry): string {
  const owner = uid === undefined && gid === undefined ? '' : ` owner ${uid ?? ''}:${gid ?? ''}`;
  const how = `${mode === undefined ? '' : ` mode 0${mode.toString(8)}`}${owner}`;
  if (type === 'attributes') return `give ${path}${how}`;
  if (type === 'link') return `link ${path} to ${target}${how}`;
  if (type === 'directory') return `make the directory ${path}${how === '' ? '' : `,${how}`}`;
  const what = source === undefined ? `write ${path}` : `copy ${source} of the host to ${path}`;
  return `${what}${how === '' ? '' : `,${how}`}`;
}
