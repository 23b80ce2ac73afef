import { refuse } from './errors.js';
import type { FileSystem } from './file-system.js';
import { applySuperFlags, type FsContext } from './fs-context.js';
import type { Kernel } from './kernel.js';
import type { Mount } from './mount.js';

/** Nothing may be open for writing on a mount that becomes read-only (EBUSY). */
export function checkMayBecomeReadonly(kernel: Kernel, mount: Mount): void {
  for (const file of kernel.process.files.files()) {
    if (file.holdsWrite && file.location.mount === mount) refuse('EBUSY');
  }
}

/** Changes a mounted file system as a whole: MS_REMOUNT and FSCONFIG_CMD_RECONFIGURE. */
export function reconfigure(context: FsContext, fileSystem: FileSystem): void {
  const { kernel, superFlags } = context;
  if (!kernel.process.credentials.capableIn(fileSystem.owner, 'CAP_SYS_ADMIN')) refuse('EPERM');
  if (superFlags.get('readonly') === true && !fileSystem.readonly) {
    checkFileSystemIdle(kernel, fileSystem);
  }
  context.type.reconfigure?.(context, fileSystem);
  applySuperFlags(context, fileSystem);
}

// A removed file that is still open has to be written to disk when it is closed.
function checkFileSystemIdle({ process }: Kernel, fileSystem: FileSystem): void {
  for (const { location, holdsWrite } of process.files.files()) {
    if (location.inode.fileSystem !== fileSystem) continue;
    if (holdsWrite || location.inode.unlinked) refuse('EBUSY');
  }
  const { root, cwd } = process;
  for (const { inode } of [root, cwd]) {
    if (inode.fileSystem === fileSystem && inode.unlinked) refuse('EBUSY');
  }
}
