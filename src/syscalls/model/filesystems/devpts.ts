import { S_IFCHR } from '../../file-flags.js';
import { DEVPTS_SUPER_MAGIC } from '../../file-system-magic.js';
import type { FileSystem, FileSystemTraits } from '../file-system.js';
import type { FileSystemType, FsContext } from '../fs-context.js';
import type { Inode } from '../inode.js';
import type { Kernel } from '../kernel.js';
import { Terminals } from '../terminal.js';
import type { UserNamespace } from '../user-namespace.js';
import { decimalOf, gidOf, octalOf, uidOf } from './option-values.js';

const TRAITS: FileSystemTraits = {
  type: 'devpts',
  magic: DEVPTS_SUPER_MAGIC,
  refuses: (what) => (what === 'file' ? 'EACCES' : 'EPERM'),
};

const PTMX = { major: 5, minor: 2 };
const PEER_MAJOR = 136;

interface DevptsSettings {
  uid?: number;
  gid?: number;
  mode: number;
  ptmxMode: number;
  most?: number;
}

const settings = new WeakMap<FsContext | FileSystem, DevptsSettings>();
const terminals = new WeakMap<FileSystem, Terminals>();

function settingsOf(key: FsContext | FileSystem): DevptsSettings {
  const found = settings.get(key) ?? { mode: 0o600, ptmxMode: 0 };
  settings.set(key, found);
  return found;
}

/** Pseudo terminals; every mount is an instance of its own (Linux 4.7, pts(4)). */
export const devpts: FileSystemType = {
  name: 'devpts',
  inUserNamespaces: true,

  option(context, key, value) {
    const wanted = settingsOf(context);
    if (key === 'newinstance') return true;
    if (key === 'uid') wanted.uid = uidOf(context, key, value);
    else if (key === 'gid') wanted.gid = gidOf(context, key, value);
    else if (key === 'mode') wanted.mode = octalOf(context, key, value) & 0o7777;
    else if (key === 'ptmxmode') wanted.ptmxMode = octalOf(context, key, value) & 0o7777;
    else if (key === 'max') wanted.most = decimalOf(context, key, value);
    else return false;
    return true;
  },

  create(context) {
    const { kernel } = context;
    const fileSystem = kernel.createFileSystem(TRAITS, context.owner, 0o755);
    fillDevpts(fileSystem, settingsOf(context), context);
    return fileSystem;
  },

  reconfigure(context, fileSystem) {
    const wanted = settingsOf(context);
    settings.set(fileSystem, wanted);
    const ptmx = fileSystem.root.entry('ptmx');
    if (ptmx !== undefined) ptmx.mode = S_IFCHR | wanted.ptmxMode;
    fileSystem.options = shownOptions(wanted);
  },
};

/** A devpts of the machine: its terminals are there, and new ones get numbers beside them. */
export function adoptDevpts(kernel: Kernel, owner: UserNamespace): FileSystem {
  const fileSystem = kernel.createFileSystem(TRAITS, owner, 0o755);
  settingsOf(fileSystem);
  addTerminals(kernel, fileSystem);
  return fileSystem;
}

function addTerminals({ process }: Kernel, fileSystem: FileSystem): void {
  const createPeer = (number: number): Inode => {
    const now = settingsOf(fileSystem);
    const { uid, gid } = process.credentials;
    const peer = fileSystem.inode(S_IFCHR | now.mode, now.uid ?? uid, now.gid ?? gid);
    peer.rdev = { major: PEER_MAJOR, minor: number };
    return peer;
  };
  terminals.set(fileSystem, new Terminals(fileSystem.root, createPeer));
}

function fillDevpts(fileSystem: FileSystem, wanted: DevptsSettings, context: FsContext): void {
  settings.set(fileSystem, wanted);
  const { root } = fileSystem;
  const { process } = context.kernel;
  const { userNamespace } = process.credentials;
  const rootUid = userNamespace.kernelUid(0) ?? 0;
  const rootGid = userNamespace.kernelGid(0) ?? 0;
  root.uid = rootUid;
  root.gid = rootGid;
  const ptmx = fileSystem.inode(S_IFCHR | wanted.ptmxMode, rootUid, rootGid);
  ptmx.rdev = PTMX;
  root.add('ptmx', ptmx);
  addTerminals(context.kernel, fileSystem);
  fileSystem.options = shownOptions(wanted);
}

/** The terminals of a devpts; undefined for any other file system. */
export function terminalsOf(fileSystem: FileSystem): Terminals | undefined {
  return terminals.get(fileSystem);
}

function shownOptions(shown: DevptsSettings): string {
  let options = '';
  if (shown.uid !== undefined) options += `,uid=${shown.uid}`;
  if (shown.gid !== undefined) options += `,gid=${shown.gid}`;
  options += `,mode=${octal(shown.mode)},ptmxmode=${octal(shown.ptmxMode)}`;
  if (shown.most !== undefined) options += `,max=${shown.most}`;
  return options;
}

const octal = (mode: number): string => mode.toString(8).padStart(3, '0');
