import type { Capability } from './credentials.js';
import { refuse } from './errors.js';
import { refuseAccess } from './idmap.js';
import type { Inode } from './inode.js';
import type { Location } from './location.js';
import type { Process } from './process.js';

export const MAY_EXEC = 1;
export const MAY_WRITE = 2;
export const MAY_READ = 4;

const S_ISVTX = 0o1000;

/** A capability counts over a file only where both its owners are mapped (user_namespaces(7)). */
export function capableOver(process: Process, inode: Inode, capability: Capability): boolean {
  const { credentials } = process;
  const namespace = credentials.userNamespace;
  return (
    credentials.capableIn(namespace, capability) &&
    namespace.uidOf(inode.uid) !== undefined &&
    namespace.gidOf(inode.gid) !== undefined
  );
}

/** Checks permission bits and the capabilities that override them (path_resolution(7)). */
export function checkAccess(process: Process, inode: Inode, wanted: number): void {
  if ((wanted & MAY_WRITE) !== 0 && inode.fileSystem.readonly && !inode.isSpecial) refuse('EROFS');
  const { credentials } = process;
  let bits = inode.mode & 7;
  if (inode.uid === credentials.uid) bits = (inode.mode >> 6) & 7;
  else if (credentials.inGroup(inode.gid)) bits = (inode.mode >> 3) & 7;
  if ((wanted & ~bits) === 0) return;
  if (!overrides(process, inode, wanted)) refuse('EACCES');
}

function overrides(process: Process, inode: Inode, wanted: number): boolean {
  const readOnly = (wanted & MAY_WRITE) === 0;
  if (inode.isDirectory) {
    if (readOnly && capableOver(process, inode, 'CAP_DAC_READ_SEARCH')) return true;
    return capableOver(process, inode, 'CAP_DAC_OVERRIDE');
  }
  if (wanted === MAY_READ && capableOver(process, inode, 'CAP_DAC_READ_SEARCH')) return true;
  // Nobody executes a file that is executable for nobody.
  if ((wanted & MAY_EXEC) !== 0 && (inode.mode & 0o111) === 0) return false;
  return capableOver(process, inode, 'CAP_DAC_OVERRIDE');
}

/** Refuses to change what is on a read-only mount or file system. */
export function checkWritable(location: Location): void {
  refuseAccess(location);
  if (location.mount.readonly) refuse('EROFS');
}

/** Checks that a name can be made in a directory. */
export function checkCreate(process: Process, directory: Inode): void {
  if (directory.unlinked) refuse('ENOENT');
  if (!idsFit(process, directory)) refuse('EOVERFLOW');
  checkAccess(process, directory, MAY_WRITE | MAY_EXEC);
}

// The creator's ids must exist in the namespace that the file system belongs to.
function idsFit(process: Process, directory: Inode): boolean {
  const { owner } = directory.fileSystem;
  const { uid, gid } = process.credentials;
  return owner.uidOf(uid) !== undefined && owner.gidOf(gid) !== undefined;
}

/** Checks that a name can be removed from a directory (unlink(2), rmdir(2)). */
export function checkRemove(process: Process, directory: Inode, victim: Inode): void {
  checkAccess(process, directory, MAY_WRITE | MAY_EXEC);
  // In a sticky directory only the owners of the file and of the directory may remove it.
  const { uid } = process.credentials;
  if ((directory.mode & S_ISVTX) === 0 || victim.uid === uid || directory.uid === uid) return;
  if (!capableOver(process, victim, 'CAP_FOWNER')) refuse('EPERM');
}

/** Whether the caller owns a file or may act as if (chmod(2), utimensat(2)). */
export function ownsOrCapable(process: Process, inode: Inode): boolean {
  return inode.uid === process.credentials.uid || capableOver(process, inode, 'CAP_FOWNER');
}
