import type { Fd } from './descriptor.js';
import { AT_EMPTY_PATH, O_CLOEXEC, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } from './file-flags.js';
import { flags } from './flags.js';
import { component } from './paths.js';
import type { Syscalls } from './syscalls.js';
import { writeAll } from './whole-content.js';
import { withFd } from './with-fd.js';

/** Whose a new file is, and who may do what with it. */
export interface FileAttributes {
  /** Permission bits, whatever the umask; 0644 unless given. */
  readonly mode?: number | undefined;
  /** The caller's unless given. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

const NEW = {
  flags: flags(O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_CLOEXEC),
  // Nobody else reads it before it belongs to whom it is for.
  mode: 0o600,
};
/** The number by which chown(2) leaves an id as it is. */
const UNCHANGED = -1;

/**
 * Makes a file with content in a directory; what is there is neither written to nor followed.
 * Nothing is undone: for a file system that goes as a whole. In a root it is `RootDir.writeFileIn`.
 *
 * @throws SyscallError, EEXIST when there is something of that name, EINVAL for an owner that has
 *   no number in this user namespace; PathError for a name that is none.
 */
export function writeNewFile(
  sys: Syscalls,
  directory: Fd,
  name: string,
  content: Uint8Array | string,
  attributes: FileAttributes = {},
): void {
  fillNewFile(sys, openNewFile(sys, directory, name), content, attributes);
}

/** The first half of it: makes the file. @throws SyscallError; PathError */
export function openNewFile(sys: Syscalls, directory: Fd, name: string): Fd {
  return sys.openat2(directory, component(name), NEW);
}

/** The second half: gives it content, owner and mode, and closes it. @throws SyscallError */
export function fillNewFile(
  sys: Syscalls,
  fd: Fd,
  content: Uint8Array | string,
  { mode = 0o644, uid, gid }: FileAttributes,
): void {
  withFd(sys, fd, () => {
    writeAll(sys, fd, content);
    if (uid !== undefined || gid !== undefined)
      sys.fchownat(fd, '', uid ?? UNCHANGED, gid ?? UNCHANGED, AT_EMPTY_PATH);
    // After the owner: a change of hands takes set-user-ID away (chown(2)).
    sys.fchmod(fd, mode);
  });
}
