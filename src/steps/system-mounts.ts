import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import type { Fd } from '../syscalls/descriptor.js';
import { component, fdPath, hostPath, sourceName } from '../syscalls/paths.js';
import { AT_FDCWD } from '../syscalls/descriptor.js';
import {
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
} from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import {
  MNT_DETACH,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  OPEN_TREE_AT_RECURSIVE,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
} from '../syscalls/mount-flags.js';
import { splitPath } from '../syscalls/root-dir.js';
import { isErrno } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { attachMount, mountNew, withFd, type NewFileSystem } from './attach-mount.js';
import { DEV_DIRECTORY, PID_NAMESPACE } from './keys.js';

export interface SystemMountsOptions {
  /** The seed's list by mount(2), /sys writable; else /sys read-only and /dev/mqueue as well. */
  readonly classic: boolean;
  /** Size of /dev/shm as tmpfs(5) takes it. */
  readonly shmSize: string;
}

const SAFE = flags(MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC);
const SAFE_CLASSIC = flags(MS_NOSUID, MS_NODEV, MS_NOEXEC);

/** Mounts the file systems that programs expect: proc, sys, devpts, shm and mqueue. */
@injectable()
export class SystemMountsStep implements Step<SystemMountsOptions> {
  static readonly stepName = 'system-mounts';
  static readonly view = 'host';
  static readonly after = ['bind-rootfs', 'dev'];
  static readonly writesRoot = true;
  static readonly fallbacks = {
    'bind-host-proc': {
      when: ['EPERM'],
      instead: "the host's /proc is bound read-only",
      cost: "the container sees the host's processes",
    },
    'bind-host-sys': {
      when: ['EPERM'],
      instead: "the host's /sys is bound read-only",
      cost: "the container sees the host's devices and network",
    },
    'devpts-without-gid': {
      when: ['EINVAL'],
      instead: 'devpts without gid=5, which is not mapped',
      cost: 'terminals do not belong to the group tty',
    },
    'no-mqueue': {
      when: ['EPERM', 'ENODEV'],
      instead: 'no /dev/mqueue',
      cost: 'no POSIX message queues by name',
    },
  };

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  static parse(input: unknown): SystemMountsOptions {
    const given = new OptionReader(input);
    return given.done({
      classic: given.boolean('classic', false),
      shmSize: given.string('shmSize', '65536k'),
    });
  }

  describe({ classic, shmSize }: SystemMountsOptions): readonly string[] {
    const common = ['mount proc on /proc', `mount sysfs on /sys${classic ? '' : ', read-only'}`];
    const shm = `mount a tmpfs of ${shmSize} on /dev/shm`;
    const pts = 'mount devpts on /dev/pts';
    return classic ? [...common, shm, pts] : [...common, pts, shm, 'mount mqueue on /dev/mqueue'];
  }

  execute(options: SystemMountsOptions, context: StepContext): void {
    if (options.classic) this.#mountClassic(options, context);
    else this.#mountStandard(options, context);
  }

  #mountClassic({ shmSize }: SystemMountsOptions, context: StepContext): void {
    this.#classic(context, 'proc', '/proc', 'proc', '');
    this.#classic(context, 'sysfs', '/sys', 'sysfs', '');
    this.#classic(context, 'shm', '/dev/shm', 'tmpfs', `mode=1777,size=${shmSize}`);
    this.#classic(
      context,
      'devpts',
      '/dev/pts',
      'devpts',
      'newinstance,ptmxmode=0666,mode=620,gid=5',
    );
  }

  #classic(context: StepContext, source: string, path: string, fstype: string, data: string): void {
    const { root } = context;
    const pids = context.find(PID_NAMESPACE);
    const real = path === '/proc' || path === '/sys';
    withFd(
      this.sys,
      real ? root.realDirectory(path, 0o755) : root.mkdirAll(path, 0o755),
      (target) => {
        if (fstype === 'proc' && pids !== undefined) {
          // mount(2) would show the PID namespace of the calling thread.
          mountNew(this.sys, context, procOf(pids), target);
          return;
        }
        const mountFlags = fstype === 'devpts' ? flags(MS_NOSUID, MS_NOEXEC) : SAFE_CLASSIC;
        this.sys.mount(sourceName(source), fdPath(target), fstype, mountFlags, data);
      },
    );
    if (fstype === 'proc' && pids !== undefined) return;
    const mounted = root.openDirectory(path);
    context.keep(mounted);
    context.defer(() => this.sys.umount2(fdPath(mounted), MNT_DETACH));
  }

  #mountStandard({ shmSize }: SystemMountsOptions, context: StepContext): void {
    this.#proc(context);
    this.#sys(context);
    this.#below(context, '/dev/pts', (target) => this.#devpts(context, target));
    const shm = {
      fstype: 'tmpfs',
      source: 'shm',
      attributes: SAFE,
      options: { mode: '1777', size: shmSize },
    };
    this.#below(context, '/dev/shm', (target) => mountNew(this.sys, context, shm, target));
    this.#below(context, '/dev/mqueue', (target) => {
      this.#mqueue(context, target);
    });
  }

  #proc(context: StepContext): void {
    const pids = context.find(PID_NAMESPACE);
    withFd(this.sys, context.root.realDirectory('/proc', 0o755), (target) => {
      try {
        mountNew(this.sys, context, procOf(pids), target);
      } catch (error) {
        if (!isErrno(error, 'EPERM')) throw error;
        context.fallBack('bind-host-proc', error);
        this.#bindHost(context, '/proc', target);
      }
    });
  }

  #sys(context: StepContext): void {
    const wanted = { fstype: 'sysfs', source: 'sysfs', attributes: flags(SAFE, MOUNT_ATTR_RDONLY) };
    withFd(this.sys, context.root.realDirectory('/sys', 0o755), (target) => {
      try {
        mountNew(this.sys, context, wanted, target);
      } catch (error) {
        // sysfs belongs to a network namespace, and the caller's is the host's.
        if (!isErrno(error, 'EPERM')) throw error;
        context.fallBack('bind-host-sys', error);
        this.#bindHost(context, '/sys', target);
      }
    });
  }

  #bindHost(context: StepContext, path: string, target: Fd): void {
    const how = flags(OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC, OPEN_TREE_AT_RECURSIVE);
    const tree = this.sys.open_tree(AT_FDCWD, hostPath(path), how);
    this.sys.mount_setattr(tree, '', flags(AT_EMPTY_PATH, AT_RECURSIVE), {
      attr_set: MOUNT_ATTR_RDONLY,
    });
    attachMount(this.sys, context, tree, target);
  }

  #devpts(context: StepContext, target: Fd): void {
    const options = { newinstance: true, ptmxmode: '0666', mode: '620' } as const;
    const wanted = {
      fstype: 'devpts',
      source: 'devpts',
      attributes: flags(MOUNT_ATTR_NOSUID, MOUNT_ATTR_NOEXEC),
    };
    try {
      mountNew(this.sys, context, { ...wanted, options: { ...options, gid: '5' } }, target);
    } catch (error) {
      if (!isErrno(error, 'EINVAL')) throw error;
      context.fallBack('devpts-without-gid', error);
      mountNew(this.sys, context, { ...wanted, options }, target);
    }
  }

  #mqueue(context: StepContext, target: Fd): void {
    try {
      mountNew(this.sys, context, { fstype: 'mqueue', source: 'mqueue', attributes: SAFE }, target);
    } catch (error) {
      if (!isErrno(error, 'EPERM', 'ENODEV')) throw error;
      context.fallBack('no-mqueue', error);
    }
  }

  /** With a directory below /dev, by the descriptor of /dev where that is a mount of its own. */
  #below(context: StepContext, path: string, use: (target: Fd) => unknown): void {
    const dev = context.find(DEV_DIRECTORY);
    if (dev === undefined) {
      withFd(this.sys, context.root.mkdirAll(path, 0o755), use);
      return;
    }
    const { name } = splitPath(path);
    context.root.mkdirIn(dev, name, 0o755);
    const how = { flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC) };
    withFd(this.sys, this.sys.openat2(dev, component(name), how), use);
  }
}

function procOf(pids: Fd | undefined): NewFileSystem {
  const proc = { fstype: 'proc', source: 'proc', attributes: SAFE };
  return pids === undefined ? proc : { ...proc, options: { pidns: { fd: pids } } };
}
