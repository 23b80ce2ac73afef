import { expectedMount } from '../pipeline/expectation.js';
import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext } from '../pipeline/step.js';
import type { Fd } from '../syscalls/descriptor.js';
import { fdPath, hostPath, sourceName, splitPath } from '../syscalls/paths.js';
import { AT_FDCWD } from '../syscalls/descriptor.js';
import { O_CLOEXEC, O_DIRECTORY, O_PATH } from '../syscalls/file-flags.js';
import {
  DEVPTS_SUPER_MAGIC,
  PROC_SUPER_MAGIC,
  SYSFS_MAGIC,
  TMPFS_MAGIC,
} from '../syscalls/file-system-magic.js';
import { flags } from '../syscalls/flags.js';
import {
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  type MountFlags,
} from '../syscalls/mount-flags.js';
import { isErrno } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { keepMounted, mountNew, withFd, type NewFileSystem } from './attach-mount.js';
import { BIND_FALLBACKS, bindTree } from './bind-tree.js';
import { inDev } from './dev-directory.js';
import { checkMounted } from './identity.js';
import { DEV_DIRECTORY, PID_NAMESPACE } from './keys.js';

/** What `system-mounts` takes. */
export interface SystemMountsOptions {
  /** The seed's list by mount(2), /sys writable; else /sys read-only and /dev/mqueue as well. */
  readonly classic: boolean;
  /** Size of /dev/shm as tmpfs(5) takes it. */
  readonly shmSize: string;
}

const SAFE = flags(MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC);
const SAFE_TERMINALS = flags(MOUNT_ATTR_NOSUID, MOUNT_ATTR_NOEXEC);
const SAFE_CLASSIC = flags(MS_NOSUID, MS_NODEV, MS_NOEXEC);

/** A mount by mount(2), with the seed's arguments. */
interface ClassicMount {
  readonly source: string;
  readonly fstype: string;
  readonly flags: MountFlags;
  readonly data: string;
  /** The super-block magic by which it is known again. */
  readonly magic: number;
}

const HOST_MAGIC = { '/proc': PROC_SUPER_MAGIC, '/sys': SYSFS_MAGIC };

const CLASSIC = {
  proc: { source: 'proc', fstype: 'proc', flags: SAFE_CLASSIC, data: '', magic: PROC_SUPER_MAGIC },
  sys: { source: 'sysfs', fstype: 'sysfs', flags: SAFE_CLASSIC, data: '', magic: SYSFS_MAGIC },
  shm: { source: 'shm', fstype: 'tmpfs', flags: SAFE_CLASSIC, data: '', magic: TMPFS_MAGIC },
  pts: {
    source: 'devpts',
    fstype: 'devpts',
    flags: flags(MS_NOSUID, MS_NOEXEC),
    data: 'newinstance,ptmxmode=0666,mode=620,gid=5',
    magic: DEVPTS_SUPER_MAGIC,
  },
} satisfies Record<string, ClassicMount>;

/** Mounts the file systems that programs expect: proc, sys, devpts, shm and mqueue. */
@injectable()
export class SystemMountsStep implements Step<SystemMountsOptions> {
  static readonly stepName = 'system-mounts';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['bind-rootfs', 'dev'];
  static readonly writesRoot = true;
  static readonly fallbacks = {
    ...BIND_FALLBACKS,
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

  /** Reads its options. @throws NsinitError naming the option. */
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
    const { fd } = context.root;
    this.#classic(context, fd, 'proc', CLASSIC.proc);
    this.#classic(context, fd, 'sys', CLASSIC.sys);
    // Resolved once: another process may put something else under the name /dev at any time.
    inDev(context, (dev) => {
      this.#classic(context, dev, 'shm', {
        ...CLASSIC.shm,
        data: `mode=1777,size=${shmSize}`,
      });
      this.#classic(context, dev, 'pts', CLASSIC.pts);
    });
  }

  #classic(context: StepContext, parent: Fd, name: string, wanted: ClassicMount): void {
    const { root } = context;
    const pids = context.find(PID_NAMESPACE);
    withFd(this.sys, root.enterIn(parent, name, 0o755), (target) => {
      if (wanted.fstype === 'proc' && pids !== undefined) {
        // mount(2) would show the PID namespace of the calling thread.
        mountNew(this.sys, context, procOf(pids), target);
        return;
      }
      const { source, fstype, flags: mountFlags, data, magic } = wanted;
      this.sys.mount(sourceName(source), fdPath(target), fstype, mountFlags, data);
      // The target's descriptor leads below the mount; its name leads to the top.
      const mounted = keepMounted(this.sys, context, () => root.openIn(parent, name));
      checkMounted(this.sys, mounted, this.sys.descriptors.get(mounted), magic);
      const attributes = fstype === 'devpts' ? SAFE_TERMINALS : SAFE;
      context.expect(expectedMount(this.sys, mounted, { attributes }));
    });
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

  #bindHost(context: StepContext, path: keyof typeof HOST_MAGIC, target: Fd): void {
    const how = { flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC) };
    withFd(this.sys, this.sys.openat2(AT_FDCWD, hostPath(path), how), (source) => {
      checkMounted(this.sys, source, `the host's ${path}`, HOST_MAGIC[path]);
      bindTree(this.sys, context, source, target, {
        recursive: true,
        readonly: true,
        attributes: SAFE,
        showsHost: true,
      });
    });
  }

  #devpts(context: StepContext, target: Fd): void {
    const options = { newinstance: true, ptmxmode: '0666', mode: '620' } as const;
    const wanted = {
      fstype: 'devpts',
      source: 'devpts',
      attributes: SAFE_TERMINALS,
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
    withFd(this.sys, context.root.enterIn(dev, splitPath(path).name, 0o755), use);
  }
}

function procOf(pids: Fd | undefined): NewFileSystem {
  const proc = { fstype: 'proc', source: 'proc', attributes: SAFE };
  return pids === undefined ? proc : { ...proc, options: { pidns: { fd: pids } } };
}
