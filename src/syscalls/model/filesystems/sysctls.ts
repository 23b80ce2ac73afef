import { refuse } from '../errors.js';
import type { FileSystem } from '../file-system.js';
import type { Inode } from '../inode.js';
import type { Kernel } from '../kernel.js';
import type { SimpleNamespace } from '../namespaces.js';
import { emptyDirectory, fixedDirectory, generatedFile, type Entry } from './generated.js';
import { LONGEST_UTS_NAME } from '../../kernel-limits.js';

/** One setting: what it is at first, and the lowest and highest number that it takes. */
interface Setting {
  readonly initial: string;
  readonly least?: number;
  readonly most?: number;
}

const number = (initial: number | string, least?: number, most?: number): Setting => ({
  initial: String(initial),
  ...(least === undefined ? {} : { least }),
  ...(most === undefined ? {} : { most }),
});

/** Settings of an IPC namespace below kernel/ (sysvipc(7)). */
const IPC: Readonly<Record<string, Setting>> = {
  msgmax: number(8192, 0),
  msgmnb: number(16384, 0),
  msgmni: number(32000, 0),
  sem: number('32000\t1024000000\t500\t32000'),
  shm_rmid_forced: number(0, 0, 1),
  shmall: number('18446744073692774399'),
  shmmax: number('18446744073692774399'),
  shmmni: number(4096, 0, 32768),
};

/** Settings of an IPC namespace below fs/mqueue (mq_overview(7)). */
const MQUEUE: Readonly<Record<string, Setting>> = {
  msg_default: number(10, 1, 65536),
  msg_max: number(10, 1, 65536),
  msgsize_default: number(8192, 128, 16777216),
  msgsize_max: number(8192, 128, 16777216),
  queues_max: number(256),
};

/** Settings of a network namespace below net/ that containers are given. */
const IPV4: Readonly<Record<string, Setting>> = {
  ip_forward: number(0),
  ip_unprivileged_port_start: number(1024, 0, 65535),
  ping_group_range: number('1\t0'),
};
const CORE: Readonly<Record<string, Setting>> = { somaxconn: number(4096, 0) };

/** Whose a setting is. */
export type SettingOwner = 'machine' | 'ipc' | 'net' | 'uts';

/**
 * /proc/sys: settings of the machine and of the namespaces that the caller is in.
 *
 * @param shows whose settings there are; everybody's unless given.
 */
export function sysctls(
  kernel: Kernel,
  fileSystem: FileSystem,
  shows: (owner: SettingOwner) => boolean = () => true,
): Inode {
  const { namespaces } = kernel.process;
  type Entries = Readonly<Record<string, Entry>>;
  const only = (owner: SettingOwner, entries: Entries): Entries => (shows(owner) ? entries : {});
  const readonly = (content: () => string) => (): Inode =>
    generatedFile(fileSystem, 0o644, () => `${content()}\n`);
  const group = (kind: 'ipc' | 'net', settings: Readonly<Record<string, Setting>>): Entries =>
    only(
      kind,
      Object.fromEntries(
        Object.entries(settings).map(([name, setting]): [string, Entry] => [
          name,
          () => settingFile(fileSystem, () => namespaces[kind], name, setting),
        ]),
      ),
    );
  const directory = (entries: Entries) => () => fixedDirectory(fileSystem, 0o555, entries);
  const uts = (name: 'hostname' | 'domainname') => () => utsFile(kernel, fileSystem, name);
  return fixedDirectory(fileSystem, 0o555, {
    fs: directory({
      ...only('machine', {
        'mount-max': readonly(() => String(kernel.limits.mountMax)),
        binfmt_misc: () => emptyDirectory(fileSystem),
      }),
      mqueue: directory(group('ipc', MQUEUE)),
    }),
    kernel: directory({
      ...only('uts', { hostname: uts('hostname'), domainname: uts('domainname') }),
      ...only('machine', {
        overflowuid: readonly(() => '65534'),
        overflowgid: readonly(() => '65534'),
      }),
      ...group('ipc', IPC),
    }),
    net: directory({ core: directory(group('net', CORE)), ipv4: directory(group('net', IPV4)) }),
  });
}

/** It belongs to root of the namespace's owner, who may change it (Linux 5.19 for IPC). */
function settingFile(
  fileSystem: FileSystem,
  namespace: () => SimpleNamespace,
  name: string,
  setting: Setting,
): Inode {
  const file = generatedFile(
    fileSystem,
    0o644,
    () => `${namespace().settings.get(name) ?? setting.initial}\n`,
  );
  const { owner } = namespace();
  file.uid = owner.kernelUid(0) ?? 0;
  file.gid = owner.kernelGid(0) ?? 0;
  file.store = (text) => {
    namespace().settings.set(name, acceptNumbers(text, setting));
  };
  return file;
}

// As many numbers as it has; those that are left out stay as they are (proc_dointvec_minmax).
function acceptNumbers(text: string, { initial, least, most }: Setting): string {
  const words = text.trim().split(/\s+/);
  const known = initial.split('\t');
  for (const word of words) {
    if (!/^-?[0-9]+$/.test(word)) refuse('EINVAL');
    const value = Number(word);
    if ((least !== undefined && value < least) || (most !== undefined && value > most))
      refuse('EINVAL');
  }
  return [...words.slice(0, known.length), ...known.slice(words.length)].join('\t');
}

function utsFile(kernel: Kernel, fileSystem: FileSystem, name: 'hostname' | 'domainname'): Inode {
  const { namespaces } = kernel.process;
  const file = generatedFile(fileSystem, 0o644, () => `${namespaces.uts[name]}\n`);
  file.store = (text) => {
    namespaces.uts[name] = (text.split('\n')[0] ?? '').slice(0, LONGEST_UTS_NAME);
  };
  return file;
}
