import type { ErrnoName } from './errno.js';
import type { CallName } from './syscalls.js';

// path_resolution(7), as most calls that take a path repeat it.
const PATH = ['EACCES', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOTDIR'] as const;
const AT_PATH = ['EBADF', 'EFAULT', 'ENOMEM', ...PATH] as const;
const NEW_ENTRY = ['EDQUOT', 'EEXIST', 'ENOSPC', 'EPERM', 'EROFS', ...AT_PATH] as const;
const NEW_DESCRIPTOR = ['EMFILE', 'ENFILE', 'ENOMEM'] as const;

/**
 * With which errors each call may fail: the ERRORS of its manual page, section 2. Calls that came
 * with Linux 5.2 and later also have ENOSYS, which older kernels and seccomp filters answer. The
 * fault injection goes through this table.
 */
export const CALL_ERRNOS: Readonly<Record<CallName, readonly ErrnoName[]>> = {
  // ENOSPC: /proc/sys/fs/mount-max (proc(5), Linux 4.9).
  mount: [
    ...(['EBUSY', 'EFAULT', 'EINVAL', 'EMFILE', 'ENODEV', 'ENOMEM', 'ENOSPC'] as const),
    ...(['ENOTBLK', 'ENXIO', 'EPERM', 'EROFS', ...PATH] as const),
  ],
  umount2: [
    ...(['EAGAIN', 'EBUSY', 'EFAULT', 'EINVAL', 'ENAMETOOLONG'] as const),
    ...(['ENOENT', 'ENOMEM', 'EPERM'] as const),
  ],
  pivot_root: ['EBUSY', 'EINVAL', 'EPERM', 'EFAULT', 'ENOMEM', ...PATH],
  open_tree: ['EINVAL', 'ENOSPC', 'ENOSYS', 'EPERM', 'EMFILE', 'ENFILE', ...AT_PATH],
  move_mount: ['EBUSY', 'EINVAL', 'ENOSPC', 'ENOSYS', 'EPERM', ...AT_PATH],
  fsopen: ['EFAULT', 'EINVAL', 'ENODEV', 'ENOSYS', 'EPERM', ...NEW_DESCRIPTOR],
  fsconfig: [
    ...(['EACCES', 'EBADF', 'EBUSY', 'EFAULT', 'EINVAL', 'ENODEV', 'ENOENT', 'ENOMEM'] as const),
    ...(['ENOSYS', 'ENOTBLK', 'ENXIO', 'EOPNOTSUPP', 'EPERM', 'EROFS'] as const),
  ],
  fsmount: ['EBADF', 'EBUSY', 'EINVAL', 'ENOSPC', 'ENOSYS', 'EPERM', ...NEW_DESCRIPTOR],
  fspick: ['EINVAL', 'ENOSYS', 'EPERM', 'EMFILE', 'ENFILE', ...AT_PATH],
  mount_setattr: ['EBADF', 'EBUSY', 'EINVAL', 'ENOENT', 'ENOMEM', 'ENOSPC', 'ENOSYS', 'EPERM'],

  // openat2(2) refers to openat(2).
  openat2: [
    ...(['E2BIG', 'EAGAIN', 'EXDEV', 'ENOSYS'] as const),
    ...(['EACCES', 'EBADF', 'EBUSY', 'EDQUOT', 'EEXIST', 'EFAULT', 'EFBIG', 'EINTR'] as const),
    ...(['EINVAL', 'EISDIR', 'ELOOP', 'EMFILE', 'ENAMETOOLONG', 'ENFILE', 'ENODEV'] as const),
    ...(['ENOENT', 'ENOMEM', 'ENOSPC', 'ENOTDIR', 'ENXIO', 'EOPNOTSUPP', 'EOVERFLOW'] as const),
    ...(['EPERM', 'EROFS', 'ETXTBSY'] as const),
  ],
  close: ['EBADF', 'EDQUOT', 'EINTR', 'EIO', 'ENOSPC'],
  read: ['EAGAIN', 'EBADF', 'EFAULT', 'EINTR', 'EINVAL', 'EIO', 'EISDIR'],
  write: [
    ...(['EAGAIN', 'EBADF', 'EDESTADDRREQ', 'EDQUOT', 'EFAULT', 'EFBIG'] as const),
    ...(['EINTR', 'EINVAL', 'EIO', 'ENOSPC', 'EPERM', 'EPIPE'] as const),
  ],
  readlinkat: ['EINVAL', 'EIO', ...AT_PATH],
  getdents64: ['EBADF', 'EFAULT', 'EINVAL', 'ENOENT', 'ENOTDIR'],
  statx: ['EINVAL', ...AT_PATH],
  fstatfs: ['EBADF', 'EFAULT', 'EINTR', 'EIO', 'ENOMEM', 'ENOSYS', 'EOVERFLOW'],
  mkdirat: ['EINVAL', 'EMLINK', ...NEW_ENTRY],
  mknodat: ['EINVAL', ...NEW_ENTRY],
  symlinkat: ['EIO', ...NEW_ENTRY],
  unlinkat: [
    ...(['EBUSY', 'EINVAL', 'EIO', 'EISDIR', 'ENOTEMPTY', 'EPERM', 'EROFS'] as const),
    ...AT_PATH,
  ],
  fchmod: ['EBADF', 'EIO', 'EPERM', 'EROFS'],
  fchownat: ['EINVAL', 'EIO', 'EPERM', 'EROFS', ...AT_PATH],
  utimensat: [
    ...(['EACCES', 'EBADF', 'EFAULT', 'EINVAL', 'ELOOP', 'ENAMETOOLONG'] as const),
    ...(['ENOENT', 'ENOTDIR', 'EPERM', 'EROFS', 'ESRCH'] as const),
  ],
  fcntl: [
    ...(['EACCES', 'EAGAIN', 'EBADF', 'EBUSY', 'EDEADLK', 'EFAULT', 'EINTR', 'EINVAL'] as const),
    ...(['EMFILE', 'ENOLCK', 'ENOTDIR', 'EPERM'] as const),
  ],
  ioctl: ['EBADF', 'EFAULT', 'EINVAL', 'ENOTTY'],

  // umask(2): always succeeds.
  umask: [],
  chdir: ['EFAULT', 'EIO', 'ENOMEM', ...PATH],
  fchdir: ['EACCES', 'EBADF', 'EFAULT', 'EIO', 'ENOMEM', 'ENOTDIR'],
  chroot: ['EFAULT', 'EIO', 'ENOMEM', 'EPERM', ...PATH],
  getcwd: ['EACCES', 'EFAULT', 'EINVAL', 'ENAMETOOLONG', 'ENOENT', 'ENOMEM', 'ERANGE'],
  unshare: ['EINVAL', 'ENOMEM', 'ENOSPC', 'EPERM', 'EUSERS'],
  setns: ['EBADF', 'EINVAL', 'ENOMEM', 'EPERM', 'ESRCH'],
  sethostname: ['EFAULT', 'EINVAL', 'ENAMETOOLONG', 'EPERM'],
  setdomainname: ['EFAULT', 'EINVAL', 'EPERM'],
  // geteuid(2), getegid(2): always succeed.
  geteuid: [],
  getegid: [],
};
