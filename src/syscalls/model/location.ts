import type { Inode } from './inode.js';
import type { Mount } from './mount.js';

/** A place in the tree: a file, and the mount through which it is reached (`struct path`). */
export interface Location {
  readonly mount: Mount;
  readonly inode: Inode;
}

/** Whether two locations are one. */
export function sameLocation(a: Location, b: Location): boolean {
  return a.mount === b.mount && a.inode === b.inode;
}

/** The root of what is mounted on top of a location, or the location itself. */
export function topOf(location: Location): Location {
  let at = location;
  for (let on = at.mount.childAt(at.inode); on !== undefined; on = at.mount.childAt(at.inode)) {
    at = { mount: on, inode: on.root };
  }
  return at;
}

/** Whether a location is a mount's root: what umount2(2) and pivot_root(2) ask for. */
export function isMountRoot(location: Location): boolean {
  return location.mount.root === location.inode;
}

/** Whether a location can be reached downwards from another. */
export function isUnder(location: Location, top: Location): boolean {
  let { mount, inode } = location;
  while (mount !== top.mount && mount.parent !== undefined && mount.mountpoint !== undefined) {
    inode = mount.mountpoint;
    mount = mount.parent;
  }
  return mount === top.mount && top.inode.contains(inode);
}
