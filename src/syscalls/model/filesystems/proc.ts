import { PROC_SUPER_MAGIC } from '../../file-system-magic.js';
import { notModelled } from '../errors.js';
import type { FileSystem, FileSystemTraits } from '../file-system.js';
import type { FileSystemType, FsContext } from '../fs-context.js';
import type { DirectorySource, Inode } from '../inode.js';
import type { Kernel } from '../kernel.js';
import type { SimpleNamespace } from '../namespaces.js';
import {
  emptyDirectory,
  fillDirectory,
  fixedDirectory,
  generatedFile,
  linkTo,
  type Entry,
} from './generated.js';
import { gidOf, textOf } from './option-values.js';
import { processDirectory } from './proc-process.js';
import { sysctls } from './sysctls.js';

/** An entry that is missing is ENOENT in proc even when it is to be made. */
export const procTraits: FileSystemTraits = {
  type: 'proc',
  magic: PROC_SUPER_MAGIC,
  refuses: () => 'ENOENT',
  revealing: true,
  noDevices: true,
};

interface ProcSettings {
  pidNamespace?: SimpleNamespace;
  onlyProcesses?: boolean;
  hidePid?: string;
  gid?: number;
}

const settings = new WeakMap<FsContext, ProcSettings>();
const HIDE_PID = ['off', 'noaccess', 'invisible', undefined, 'ptraceable'];

function settingsOf(context: FsContext): ProcSettings {
  const found = settings.get(context) ?? {};
  settings.set(context, found);
  return found;
}

/** The processes and settings of a PID namespace: that of who mounts it (proc(5)). */
export const proc: FileSystemType = {
  name: 'proc',
  inUserNamespaces: true,
  owner: (kernel) => kernel.process.namespaces.pid.owner,

  option(context, key, value) {
    const wanted = settingsOf(context);
    if (key === 'subset') {
      if (textOf(context, key, value) !== 'pid')
        context.fail('EINVAL', `unsupported subset option - ${textOf(context, key, value)}`);
      wanted.onlyProcesses = true;
    } else if (key === 'hidepid') {
      wanted.hidePid = hidePid(context, textOf(context, key, value));
    } else if (key === 'gid') {
      wanted.gid = gidOf(context, key, value);
    } else if (key === 'pidns' && value.kind === 'file') {
      wanted.pidNamespace = pidNamespaceOf(context, value.location.inode);
    } else if (key === 'pidns') notModelled('a pidns of proc that is given by path');
    else return false;
    return true;
  },

  create(context) {
    const { kernel } = context;
    const wanted = settingsOf(context);
    const shown = wanted.pidNamespace ?? kernel.process.namespaces.pid;
    const fileSystem = kernel.createFileSystem(procTraits, shown.owner, 0o555);
    fillProc(kernel, fileSystem, shown, wanted.onlyProcesses === true);
    fileSystem.options = shownOptions(wanted);
    return fileSystem;
  },

  reconfigure(context, fileSystem) {
    fileSystem.options = shownOptions(settingsOf(context)) || fileSystem.options;
  },
};

function hidePid(context: FsContext, text: string): string {
  const name = /^[0-9]+$/.test(text) ? HIDE_PID[Number(text)] : text;
  if (name === undefined || !HIDE_PID.includes(name)) {
    return context.fail('EINVAL', `hidepid value must be between 0 and 4.`);
  }
  return name;
}

// Only a namespace that is the caller's own or below it, and that the caller governs (Linux 6.17).
function pidNamespaceOf(context: FsContext, inode: Inode): SimpleNamespace {
  const namespace = inode.namespace;
  if (namespace?.kind !== 'pid' || !('simple' in namespace)) {
    return context.fail('EINVAL', `pidns argument is not a pidns file`);
  }
  const { credentials } = context.kernel.process;
  if (!credentials.capableIn(namespace.simple.owner, 'CAP_SYS_ADMIN')) {
    return context.fail('EPERM', `insufficient permissions to set pidns`);
  }
  return namespace.simple;
}

function shownOptions({ gid, hidePid: hide, onlyProcesses }: ProcSettings): string {
  let options = '';
  if (gid !== undefined && gid !== 0) options += `,gid=${gid}`;
  if (hide !== undefined && hide !== 'off') options += `,hidepid=${hide}`;
  if (onlyProcesses === true) options += ',subset=pid';
  return options;
}

/** Fills a proc: the calling process, if it is in the namespace shown, and the machine's settings. */
export function fillProc(
  kernel: Kernel,
  fileSystem: FileSystem,
  shown: SimpleNamespace,
  onlyProcesses: boolean,
): void {
  const pid = String(kernel.process.pid);
  const visible = (): boolean => kernel.process.namespaces.pid.isWithin(shown);
  const own: Record<string, Entry> = {
    self: () => linkTo(fileSystem, visible() ? pid : ''),
    'thread-self': () => linkTo(fileSystem, visible() ? `${pid}/task/${pid}` : ''),
  };
  if (visible()) own[pid] = () => processDirectory(kernel, fileSystem);
  if (onlyProcesses) fillDirectory(fileSystem.root, own);
  else if (kernel.machineProc === undefined)
    fillDirectory(fileSystem.root, { ...own, ...settingsOfMachine(kernel, fileSystem) });
  else fileSystem.root.source = overMachine(kernel, own, kernel.machineProc(fileSystem));
}

// The calling process is the model's, and all else the machine's, but for its other processes.
function overMachine(
  kernel: Kernel,
  own: Readonly<Record<string, Entry>>,
  machine: DirectorySource,
): DirectorySource {
  const isProcess = (name: string): boolean => /^[0-9]+$/.test(name);
  return {
    names: () => [
      ...new Set([...Object.keys(own), ...machine.names().filter((name) => !isProcess(name))]),
    ],
    lookup(name) {
      if (own[name] !== undefined) return own[name]();
      if (isProcess(name)) return undefined;
      const found = machine.lookup(name);
      return name === 'sys' && found !== undefined ? withOwnSettings(kernel, found) : found;
    },
  };
}

// Settings of namespaces that are not the machine's are the model's.
function withOwnSettings(kernel: Kernel, settings: Inode): Inode {
  const { initialNamespaces, process } = kernel;
  const own = sysctls(
    kernel,
    settings.fileSystem,
    (owner) => owner !== 'machine' && process.namespaces[owner] !== initialNamespaces[owner],
  );
  return overlay(settings, own);
}

/** Puts files over those of the same name; what the machine lacks stays lacking. */
function overlay(lower: Inode, upper: Inode): Inode {
  const { source } = lower;
  if (source === undefined) return upper;
  lower.source = {
    names: () => source.names(),
    lookup(name) {
      const below = source.lookup(name);
      const above = upper.entry(name);
      return below === undefined || above === undefined ? below : overlay(below, above);
    },
  };
  return lower;
}

function settingsOfMachine(kernel: Kernel, fileSystem: FileSystem): Record<string, Entry> {
  const file = (name: string) => (): Inode => unreadable(fileSystem, name);
  const directory = () => fixedDirectory(fileSystem, 0o555, {});
  return {
    mounts: () => linkTo(fileSystem, 'self/mounts'),
    sys: () => sysctls(kernel, fileSystem),
    fs: () => fixedDirectory(fileSystem, 0o555, { nfsd: () => emptyDirectory(fileSystem) }),
    acpi: directory,
    bus: directory,
    irq: directory,
    scsi: directory,
    ...Object.fromEntries(FILES.map((name) => [name, file(name)])),
  };
}

const FILES = [
  'cmdline',
  'filesystems',
  'kcore',
  'keys',
  'meminfo',
  'sched_debug',
  'stat',
  'sysrq-trigger',
  'timer_list',
  'uptime',
  'version',
];

/** It is there, and what it says is of a real machine. */
function unreadable(fileSystem: FileSystem, name: string): Inode {
  return generatedFile(fileSystem, 0o444, () => notModelled(`the content of /proc/${name}`));
}
