import { withRefusalHint } from '../syscalls/refusal-hints.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import { STUB_SOCKET } from './stub-layout.js';

/** What is usually behind a refusal, by call, its first argument and errno. */
const HINTS: readonly (readonly [call: string, argument: RegExp, code: string, hint: string])[] = [
  [
    'unshare',
    /NEWUSER/,
    'EPERM',
    'user namespaces are forbidden here: see kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns, or the seccomp profile of the container this runs in; a chroot forbids them too',
  ],
  [
    'unshare',
    /NEWUSER/,
    'ENOSPC',
    'user.max_user_namespaces is reached or 0, or they are nested deeper than 32',
  ],
  ['unshare', /NEWUSER/, 'EUSERS', 'user namespaces are nested deeper than 32'],
  [
    'unshare',
    /./,
    'EPERM',
    'CAP_SYS_ADMIN is missing: leave the user namespace to nsinit, or run as root',
  ],
  ['unshare', /./, 'ENOSPC', 'a limit under /proc/sys/user is reached'],
  [
    'setns',
    /./,
    'EPERM',
    'joining needs CAP_SYS_ADMIN in the user namespace that owns the namespace',
  ],
  [
    'posix_spawn',
    /./,
    'EBADF',
    `the limit of open files is too low: ulimit -n ${STUB_SOCKET + 1} is enough`,
  ],
  ['setns', /./, 'EINVAL', 'the file is no namespace of that kind'],
];

/** Adds a hint to an error of making or joining namespaces. */
export function explainNamespaceError(error: unknown): unknown {
  if (!(error instanceof SyscallError)) return error;
  const found = HINTS.find(
    ([call, argument, code]) =>
      error.syscall === call && argument.test(error.args.join()) && error.code === code,
  );
  return found === undefined ? withRefusalHint(error) : error.withHint(found[3]);
}
