import { AT_FDCWD } from '../../src/syscalls/descriptor.js';
import { O_CREAT, O_WRONLY, S_IFCHR } from '../../src/syscalls/file-flags.js';
import { flags } from '../../src/syscalls/flags.js';
import {
  MNT_DETACH,
  MS_BIND,
  MS_NOSUID,
  MS_PRIVATE,
  MS_REC,
  type MountFlags,
} from '../../src/syscalls/mount-flags.js';
import { component, hostPath, sourceName } from '../../src/syscalls/paths.js';
import { CLONE_NEWNS } from '../../src/syscalls/process-flags.js';
import type { Syscalls } from '../../src/syscalls/syscalls.js';

/**
 * Who makes the calls: root of the machine, root of a user namespace with one mapped id, or the
 * same with PID, network, IPC and UTS namespaces of its own.
 */
export type Caller = 'root' | 'user-namespace' | 'own-namespaces';

const NONE = 0 as MountFlags;
const NODES: readonly (readonly [string, number])[] = [
  ['null', 3],
  ['zero', 5],
];

/**
 * Leaves the machine's mounts behind: a new mount namespace whose root is a small tmpfs with
 * /proc, /dev and an empty tmpfs at /work. The same calls build it on the model and on the kernel.
 */
export function buildWorld(sys: Syscalls, caller: Caller): void {
  const base = hostPath('/mnt');
  const inside = (name: string): ReturnType<typeof hostPath> => hostPath(`/mnt/${name}`);
  sys.umask(0o022);
  sys.unshare(CLONE_NEWNS);
  sys.mount('', hostPath('/'), '', flags(MS_REC, MS_PRIVATE), '');
  sys.mount(sourceName('world'), base, 'tmpfs', MS_NOSUID, 'mode=755');
  for (const name of ['proc', 'dev', 'work', 'old']) sys.mkdirat(AT_FDCWD, inside(name), 0o755);
  // A user namespace without a PID namespace of its own may not mount a proc.
  if (caller === 'root') sys.mount(sourceName('proc'), inside('proc'), 'proc', NONE, '');
  else sys.mount(hostPath('/proc'), inside('proc'), '', flags(MS_BIND, MS_REC), '');
  for (const [name, minor] of NODES) addNode(sys, caller, name, minor);
  sys.mount(sourceName('work'), inside('work'), 'tmpfs', NONE, '');
  sys.chdir(base);
  sys.pivot_root('.', '.');
  sys.umount2('.', MNT_DETACH);
  sys.chdir(hostPath('/work'));
}

function addNode(sys: Syscalls, caller: Caller, name: string, minor: number): void {
  const path = hostPath(`/mnt/dev/${name}`);
  if (caller === 'root') {
    sys.mknodat(AT_FDCWD, path, S_IFCHR | 0o666, { major: 1, minor });
    return;
  }
  sys.close(sys.openat2(AT_FDCWD, path, { flags: flags(O_CREAT, O_WRONLY), mode: 0o644 }));
  sys.mount(hostPath(`/dev/${component(name)}`), path, '', MS_BIND, '');
}
