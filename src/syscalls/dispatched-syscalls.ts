import type { DescriptorNames } from './descriptor-names.js';
import type { CallArgs, CallName, CallResult, Syscalls } from './syscalls.js';

/**
 * An adapter whose calls all go through one method: the real kernel's, the tracing and injecting
 * wrappers' and the mock's way to leave no call out. The compiler holds the list complete.
 */
export abstract class DispatchedSyscalls implements Syscalls {
  abstract readonly descriptors: DescriptorNames;

  /** Carries out one call. */
  protected abstract dispatch<N extends CallName>(name: N, args: CallArgs<N>): CallResult<N>;

  mount(...args: CallArgs<'mount'>): CallResult<'mount'> {
    return this.dispatch('mount', args);
  }

  umount2(...args: CallArgs<'umount2'>): CallResult<'umount2'> {
    return this.dispatch('umount2', args);
  }

  pivot_root(...args: CallArgs<'pivot_root'>): CallResult<'pivot_root'> {
    return this.dispatch('pivot_root', args);
  }

  open_tree(...args: CallArgs<'open_tree'>): CallResult<'open_tree'> {
    return this.dispatch('open_tree', args);
  }

  move_mount(...args: CallArgs<'move_mount'>): CallResult<'move_mount'> {
    return this.dispatch('move_mount', args);
  }

  fsopen(...args: CallArgs<'fsopen'>): CallResult<'fsopen'> {
    return this.dispatch('fsopen', args);
  }

  fsconfig(...args: CallArgs<'fsconfig'>): CallResult<'fsconfig'> {
    return this.dispatch('fsconfig', args);
  }

  fsmount(...args: CallArgs<'fsmount'>): CallResult<'fsmount'> {
    return this.dispatch('fsmount', args);
  }

  fspick(...args: CallArgs<'fspick'>): CallResult<'fspick'> {
    return this.dispatch('fspick', args);
  }

  mount_setattr(...args: CallArgs<'mount_setattr'>): CallResult<'mount_setattr'> {
    return this.dispatch('mount_setattr', args);
  }

  openat2(...args: CallArgs<'openat2'>): CallResult<'openat2'> {
    return this.dispatch('openat2', args);
  }

  close(...args: CallArgs<'close'>): CallResult<'close'> {
    return this.dispatch('close', args);
  }

  read(...args: CallArgs<'read'>): CallResult<'read'> {
    return this.dispatch('read', args);
  }

  write(...args: CallArgs<'write'>): CallResult<'write'> {
    return this.dispatch('write', args);
  }

  readlinkat(...args: CallArgs<'readlinkat'>): CallResult<'readlinkat'> {
    return this.dispatch('readlinkat', args);
  }

  getdents64(...args: CallArgs<'getdents64'>): CallResult<'getdents64'> {
    return this.dispatch('getdents64', args);
  }

  statx(...args: CallArgs<'statx'>): CallResult<'statx'> {
    return this.dispatch('statx', args);
  }

  fstatfs(...args: CallArgs<'fstatfs'>): CallResult<'fstatfs'> {
    return this.dispatch('fstatfs', args);
  }

  mkdirat(...args: CallArgs<'mkdirat'>): CallResult<'mkdirat'> {
    return this.dispatch('mkdirat', args);
  }

  mknodat(...args: CallArgs<'mknodat'>): CallResult<'mknodat'> {
    return this.dispatch('mknodat', args);
  }

  symlinkat(...args: CallArgs<'symlinkat'>): CallResult<'symlinkat'> {
    return this.dispatch('symlinkat', args);
  }

  unlinkat(...args: CallArgs<'unlinkat'>): CallResult<'unlinkat'> {
    return this.dispatch('unlinkat', args);
  }

  fchmod(...args: CallArgs<'fchmod'>): CallResult<'fchmod'> {
    return this.dispatch('fchmod', args);
  }

  fchownat(...args: CallArgs<'fchownat'>): CallResult<'fchownat'> {
    return this.dispatch('fchownat', args);
  }

  utimensat(...args: CallArgs<'utimensat'>): CallResult<'utimensat'> {
    return this.dispatch('utimensat', args);
  }

  fcntl(...args: CallArgs<'fcntl'>): CallResult<'fcntl'> {
    return this.dispatch('fcntl', args);
  }

  ioctl(...args: CallArgs<'ioctl'>): CallResult<'ioctl'> {
    return this.dispatch('ioctl', args);
  }

  umask(...args: CallArgs<'umask'>): CallResult<'umask'> {
    return this.dispatch('umask', args);
  }

  chdir(...args: CallArgs<'chdir'>): CallResult<'chdir'> {
    return this.dispatch('chdir', args);
  }

  fchdir(...args: CallArgs<'fchdir'>): CallResult<'fchdir'> {
    return this.dispatch('fchdir', args);
  }

  chroot(...args: CallArgs<'chroot'>): CallResult<'chroot'> {
    return this.dispatch('chroot', args);
  }

  getcwd(...args: CallArgs<'getcwd'>): CallResult<'getcwd'> {
    return this.dispatch('getcwd', args);
  }

  unshare(...args: CallArgs<'unshare'>): CallResult<'unshare'> {
    return this.dispatch('unshare', args);
  }

  setns(...args: CallArgs<'setns'>): CallResult<'setns'> {
    return this.dispatch('setns', args);
  }

  sethostname(...args: CallArgs<'sethostname'>): CallResult<'sethostname'> {
    return this.dispatch('sethostname', args);
  }

  setdomainname(...args: CallArgs<'setdomainname'>): CallResult<'setdomainname'> {
    return this.dispatch('setdomainname', args);
  }

  geteuid(...args: CallArgs<'geteuid'>): CallResult<'geteuid'> {
    return this.dispatch('geteuid', args);
  }

  getegid(...args: CallArgs<'getegid'>): CallResult<'getegid'> {
    return this.dispatch('getegid', args);
  }
}
