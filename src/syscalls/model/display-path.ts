import type { Inode } from './inode.js';
import type { Location } from './location.js';
import type { Mount } from './mount.js';
import type { Process } from './process.js';

/** A path as the kernel builds it from a location upwards, and where it ended. */
interface BuiltPath {
  readonly path: string;
  /** `root` at the wanted root, `top` at the top of a namespace, `detached` of a detached tree. */
  readonly end: 'root' | 'top' | 'detached';
}

/** Walks from a location up to a root, mount by mount (`prepend_path` of the kernel). */
export function buildPath(process: Process, location: Location, root: Location): BuiltPath {
  const names: string[] = [];
  let { mount, inode } = location;
  const path = (): string => `/${names.reverse().join('/')}`;
  for (;;) {
    if (mount === root.mount && inode === root.inode) return { path: path(), end: 'root' };
    if (inode !== mount.root && inode.parent !== undefined) {
      names.push(inode.name);
      inode = inode.parent;
      continue;
    }
    const below = placeOf(process, mount);
    if (below === undefined) {
      const attached = mount.namespace !== undefined && !mount.namespace.anonymous;
      return { path: path(), end: attached ? 'top' : 'detached' };
    }
    ({ mount, inode } = below);
  }
}

// A mount that was unmounted lazily is freed with its last user; what was left on it stands alone.
function placeOf(process: Process, { parent, mountpoint }: Mount): Location | undefined {
  if (parent === undefined || mountpoint === undefined) return undefined;
  return isAlive(process, parent) ? { mount: parent, inode: mountpoint } : undefined;
}

function isAlive(process: Process, mount: Mount): boolean {
  if (!mount.unmounted || process.referencesTo(mount) > 0) return true;
  return mount.parent !== undefined && isAlive(process, mount.parent);
}

/** What /proc/self/fd/N says of a location. */
export function displayPath(process: Process, location: Location): string {
  const { inode } = location;
  if (inode.displayName !== undefined) return inode.displayName;
  const { path } = buildPath(process, location, process.root);
  return inode.unlinked ? `${path} (deleted)` : path;
}

/** A path inside its file system, as mountinfo shows the root of a mount. */
export function pathInFileSystem(inode: Inode): string {
  return inode.unlinked ? `${inode.path}//deleted` : inode.path;
}
