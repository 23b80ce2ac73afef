import { AT_FDCWD } from './descriptor.js';
import { O_CLOEXEC, O_RDONLY } from './file-flags.js';
import { flags } from './flags.js';
import { hostPath } from './paths.js';
import type { Syscalls } from './syscalls.js';
import { readAll } from './whole-content.js';
import { withFd } from './with-fd.js';

/** One mount, as proc_pid_mountinfo(5) shows it. */
export interface MountinfoEntry {
  readonly id: number;
  readonly parent: number;
  readonly device: string;
  /** The directory of the file system that is the mount's root. */
  readonly root: string;
  readonly mountPoint: string;
  readonly options: string;
  readonly shared: boolean;
  /** How it takes part in propagation: `shared:N`, `master:N`, `propagate_from:N`, `unbindable`. */
  readonly propagation: readonly string[];
  readonly fstype: string;
  readonly source: string;
  readonly superOptions: string;
}

// Space, tab, newline and backslash are written in octal.
const unescape = (text: string): string =>
  !text.includes('\\')
    ? text
    : text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
        String.fromCharCode(Number.parseInt(digits, 8)),
      );

/** Takes the text of a mountinfo file apart. */
export function parseMountinfo(content: string): MountinfoEntry[] {
  return content
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [own = '', fileSystem = ''] = line.split(' - ');
      const [id, parent, device = '', root = '', mountPoint = '', options = '', ...tags] =
        own.split(' ');
      const [fstype = '', source = '', superOptions = ''] = fileSystem.split(' ');
      return {
        id: Number(id),
        parent: Number(parent),
        device,
        root: unescape(root),
        mountPoint: unescape(mountPoint),
        options,
        shared: tags.some((tag) => tag.startsWith('shared:')),
        propagation: tags,
        fstype,
        source: unescape(source),
        superOptions,
      };
    });
}

/** The mounts of the calling thread. @throws SyscallError */
export function readMountinfo(sys: Syscalls): MountinfoEntry[] {
  const path = hostPath('/proc/thread-self/mountinfo');
  const fd = sys.openat2(AT_FDCWD, path, { flags: flags(O_RDONLY, O_CLOEXEC) });
  return parseMountinfo(withFd(sys, fd, () => readAll(sys, fd)));
}
