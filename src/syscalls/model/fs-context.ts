import { refuse } from './errors.js';
import type { ErrnoName } from '../errno.js';
import type { FileSystem } from './file-system.js';
import type { Kernel } from './kernel.js';
import type { Location } from './location.js';
import type { UserNamespace } from './user-namespace.js';

/** What an option of a file system may be given as. */
export type OptionValue =
  | { readonly kind: 'flag' }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'file'; readonly location: Location };

/** A type of file system that can be mounted. */
export interface FileSystemType {
  readonly name: string;
  /** May be mounted by root of a user namespace (`FS_USERNS_MOUNT`). */
  readonly inUserNamespaces: boolean;
  /** Refuses before anything is configured. */
  begin?(kernel: Kernel): void;
  /** Whose CAP_SYS_ADMIN is needed, if not the caller's namespace's. */
  owner?(kernel: Kernel): UserNamespace;
  /** Takes an option; false when it has no such option. */
  option(context: FsContext, key: string, value: OptionValue): boolean;
  /** Makes the file system, or gives the one that all mounts of it share. */
  create(context: FsContext): FileSystem;
  /** Takes over options for an existing file system. */
  reconfigure?(context: FsContext, fileSystem: FileSystem): void;
}

type Phase = 'parameters' | 'created' | 'mounted' | 'reconfigure' | 'failed';

/** A file system on its way to be mounted or changed (fsopen(2), fspick(2)). */
export class FsContext {
  phase: Phase = 'parameters';
  source: string | undefined;
  readonly options = new Map<string, OptionValue>();
  /** Flags of the file system as a whole that were asked for. */
  readonly superFlags = new Map<string, boolean>();
  fileSystem: FileSystem | undefined;
  /** What the kernel says of failures, to be read from the descriptor. */
  readonly log: string[] = [];
  /** The file system was there already: its flags stay as they are. */
  reused = false;

  constructor(
    readonly kernel: Kernel,
    readonly type: FileSystemType,
  ) {
    type.begin?.(kernel);
  }

  get owner(): UserNamespace {
    return this.type.owner?.(this.kernel) ?? this.kernel.process.credentials.userNamespace;
  }

  /** Refuses with an explanation. */
  fail(errno: ErrnoName, message: string): never {
    this.log.push(`e ${this.type.name}: ${message}`);
    refuse(errno);
  }

  checkCapable(): void {
    const { credentials } = this.kernel.process;
    const over = this.type.inUserNamespaces ? this.owner : this.kernel.initialUserNamespace;
    if (!credentials.capableIn(over, 'CAP_SYS_ADMIN')) refuse('EPERM');
  }
}

const SUPER_FLAGS: Readonly<Record<string, readonly [string, boolean]>> = {
  ro: ['readonly', true],
  rw: ['readonly', false],
  sync: ['synchronous', true],
  async: ['synchronous', false],
  dirsync: ['directorySynchronous', true],
  lazytime: ['lazyTime', true],
  nolazytime: ['lazyTime', false],
};

/** Gives a context one option (`vfs_parse_fs_param` of the kernel). */
export function setOption(context: FsContext, key: string, value: OptionValue): void {
  const flag = SUPER_FLAGS[key];
  if (flag !== undefined) {
    context.superFlags.set(...flag);
    return;
  }
  if (context.type.option(context, key, value)) return;
  if (key !== 'source') context.fail('EINVAL', `Unknown parameter '${key}'`);
  if (value.kind !== 'string') context.fail('EINVAL', 'Non-string source');
  if (context.source !== undefined) context.fail('EINVAL', 'Multiple sources');
  context.source = value.text;
}

/** Takes mount(2)'s data apart: options with commas between. */
export function setOptionString(context: FsContext, data: string): void {
  for (const part of data.split(',')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals < 0) setOption(context, part, { kind: 'flag' });
    else if (equals > 0) {
      setOption(context, part.slice(0, equals), { kind: 'string', text: part.slice(equals + 1) });
    }
  }
}

/** Makes the file system of a context that is fully configured. */
export function createTree(context: FsContext): FileSystem {
  const fileSystem = context.type.create(context);
  context.fileSystem = fileSystem;
  return fileSystem;
}

/** Puts the flags that were asked for into effect. */
export function applySuperFlags(context: FsContext, fileSystem: FileSystem): void {
  if (context.reused) return;
  for (const [name, set] of context.superFlags) {
    if (name === 'readonly') fileSystem.readonly = set;
    else if (name === 'synchronous') fileSystem.synchronous = set;
    else if (name === 'directorySynchronous') fileSystem.directorySynchronous = set;
    else fileSystem.lazyTime = set;
  }
}
