import { notModelled } from '../errors.js';
import { RAMFS_MAGIC, TMPFS_MAGIC } from '../../file-system-magic.js';
import type { FileSystem, FileSystemTraits } from '../file-system.js';
import type { FileSystemType, FsContext } from '../fs-context.js';
import { gidOf, octalOf, sizeOf, textOf, uidOf } from './option-values.js';

const PAGE = 4096;
const DEFAULT_MODE = 0o1777;
const TRAITS: FileSystemTraits = { type: 'tmpfs', magic: TMPFS_MAGIC };

/** Options that a tmpfs has and the model has not. */
const UNKNOWN: readonly string[] = ['noswap', 'huge', 'mpol', 'usrquota', 'grpquota', 'casefold'];

interface TmpfsSettings {
  size?: number;
  inodes?: number;
  mode: number;
  uid: number;
  gid: number;
  wideInodes?: boolean;
}

const settings = new WeakMap<FsContext | FileSystem, TmpfsSettings>();

function settingsOf(context: FsContext): TmpfsSettings {
  let found = settings.get(context);
  if (found === undefined) {
    const { uid, gid } = context.kernel.process.credentials;
    found = { mode: DEFAULT_MODE, uid, gid };
    settings.set(context, found);
  }
  return found;
}

/** A file system in memory (tmpfs(5)). */
export const tmpfs: FileSystemType = {
  name: 'tmpfs',
  inUserNamespaces: true,

  option(context, key, value) {
    const wanted = settingsOf(context);
    if (key === 'size') wanted.size = tmpfsSize(context, key, value);
    else if (key === 'nr_blocks') wanted.size = sizeOf(context, key, value) * PAGE;
    else if (key === 'nr_inodes') wanted.inodes = sizeOf(context, key, value);
    else if (key === 'mode') wanted.mode = octalOf(context, key, value) & 0o7777;
    else if (key === 'uid') wanted.uid = uidOf(context, key, value);
    else if (key === 'gid') wanted.gid = gidOf(context, key, value);
    else if (key === 'inode64') wanted.wideInodes = true;
    else if (key === 'inode32') wanted.wideInodes = false;
    else return UNKNOWN.includes(key) && notModelled(`the option ${key} of tmpfs`);
    return true;
  },

  create(context) {
    const wanted = settingsOf(context);
    const { kernel } = context;
    const fileSystem = kernel.createFileSystem(
      TRAITS,
      context.owner,
      wanted.mode,
      wanted.uid,
      wanted.gid,
    );
    show(fileSystem, wanted);
    return fileSystem;
  },

  reconfigure(context, fileSystem) {
    const before = settings.get(fileSystem);
    const wanted = settingsOf(context);
    if (before === undefined) return;
    // Mode and owner are of the root directory, and no longer the file system's business.
    show(fileSystem, { ...before, ...sizes(wanted) });
  },
};

function sizes({ size, inodes }: TmpfsSettings): Partial<TmpfsSettings> {
  return { ...(size === undefined ? {} : { size }), ...(inodes === undefined ? {} : { inodes }) };
}

// A part of the memory is allowed too: `size=50%` (shmem_parse_one of the kernel).
function tmpfsSize(context: FsContext, key: string, value: Parameters<typeof sizeOf>[2]): number {
  const percent = /^([0-9]*)%$/.exec(textOf(context, key, value));
  if (percent === null) return sizeOf(context, key, value);
  return Math.floor((Number(percent[1]) * context.kernel.memory()) / 100);
}

// Ids are shown as the initial user namespace knows them, whoever reads.
function show(fileSystem: FileSystem, shown: TmpfsSettings): void {
  settings.set(fileSystem, shown);
  let options = '';
  if (shown.size !== undefined) {
    fileSystem.blocks = Math.ceil(shown.size / PAGE);
    if (fileSystem.blocks > 0) options += `,size=${fileSystem.blocks * 4}k`;
    else options += ',size=0k';
  }
  if (shown.inodes !== undefined) options += `,nr_inodes=${shown.inodes}`;
  if (shown.mode !== DEFAULT_MODE) options += `,mode=${shown.mode.toString(8).padStart(3, '0')}`;
  if (shown.uid !== 0) options += `,uid=${shown.uid}`;
  if (shown.gid !== 0) options += `,gid=${shown.gid}`;
  if (shown.wideInodes === true) options += ',inode64';
  fileSystem.options = options;
}

const RAMFS_TRAITS: FileSystemTraits = { type: 'ramfs', magic: RAMFS_MAGIC };

/** The simplest file system in memory: no limit, and it takes no notice of unknown options. */
export const ramfs: FileSystemType = {
  name: 'ramfs',
  inUserNamespaces: true,

  option(context, key, value) {
    if (key === 'source') return false;
    if (key === 'mode') settingsOf(context).mode = octalOf(context, key, value) & 0o7777;
    return true;
  },

  create(context) {
    const { mode } = settings.get(context) ?? { mode: 0o755 };
    const { uid, gid } = context.kernel.process.credentials;
    const fileSystem = context.kernel.createFileSystem(RAMFS_TRAITS, context.owner, mode, uid, gid);
    if (mode !== 0o755) fileSystem.options = `,mode=${mode.toString(8)}`;
    return fileSystem;
  },
};
