import {
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../file-flags.js';
import { refuse } from './errors.js';
import type { Inode } from './inode.js';
import { isUnder, sameLocation, topOf, type Location } from './location.js';
import { MNT_NOSYMFOLLOW } from './mount.js';
import { checkAccess, MAY_EXEC } from './permissions.js';
import type { Process } from './process.js';

/** Links followed in one resolution before ELOOP (path_resolution(7)). */
const MOST_LINKS = 40;
const LONGEST_NAME = 255;
const LONGEST_PATH = 4095;
const SCOPED = RESOLVE_BENEATH | RESOLVE_IN_ROOT;

/** The last component of a path, which the calls treat in their own ways. */
export interface LastName {
  /** `.` and `..` are not names: nothing can be made or removed by them. */
  readonly kind: 'name' | 'dot' | 'dotdot' | 'root';
  readonly name: string;
  /** A slash follows: the last component must be a directory, and a link is followed. */
  readonly slash: boolean;
}

/** One resolution of a path, component by component (path_resolution(7), openat2(2)). */
export class Walk {
  /** Where the walk has come to. */
  at: Location;
  readonly #process: Process;
  readonly #root: Location;
  readonly #resolve: number;
  #links = 0;

  /**
   * @param start where a relative path begins; for scoped resolutions also the root.
   * @param resolve RESOLVE_ bits of openat2(2).
   */
  constructor(process: Process, start: Location, resolve = 0) {
    this.#process = process;
    this.#resolve = resolve;
    this.at = start;
    this.#root = (resolve & SCOPED) === 0 ? process.root : start;
  }

  /** Walks all but the last component, and returns that. */
  toLast(path: string): LastName {
    if (path.length > LONGEST_PATH) refuse('ENAMETOOLONG');
    const scoped = (this.#resolve & RESOLVE_IN_ROOT) !== 0;
    if (path.startsWith('/') && (!scoped || this.at.inode.isDirectory)) {
      // A path that starts at the root may do so; only a link may not lead there from elsewhere.
      this.#jumpToRoot(false);
    } else if (!this.at.inode.isDirectory) refuse('ENOTDIR');
    return this.#walk(path);
  }

  /** Goes to the last component, crossing mounts but following no link; undefined if it is missing. */
  find(last: LastName): Location | undefined {
    if (last.kind === 'root') return this.at;
    this.#checkSearch();
    if (last.kind === 'dotdot') return this.#cross(this.#parent());
    if (last.kind === 'dot') return this.at;
    const inode = this.at.inode.entry(last.name);
    return inode === undefined ? undefined : this.#cross({ mount: this.at.mount, inode });
  }

  /** Whether a link there would be followed further, and then its last component. */
  followLast(link: Location): LastName {
    return this.#follow(link, '');
  }

  /** A resolution that is scoped must not have left its root. */
  finish(location: Location): Location {
    if ((this.#resolve & SCOPED) !== 0 && !isUnder(location, this.#root)) refuse('EXDEV');
    return location;
  }

  #walk(path: string): LastName {
    const names = path.split('/').filter((name) => name !== '');
    const last = names.pop();
    const slash = path.endsWith('/');
    for (let index = 0; index < names.length; index += 1) {
      const here = this.find(lastName(names[index] ?? '', false)) ?? refuse('ENOENT');
      if (here.inode.isLink) {
        const rest = [...names.slice(index + 1), last].join('/') + (slash ? '/' : '');
        return this.#follow(here, rest);
      }
      if (!here.inode.isDirectory) refuse('ENOTDIR');
      this.at = here;
    }
    if (last === undefined) return { kind: 'root', name: '', slash: false };
    const parsed = lastName(last, slash);
    this.#checkSearch();
    return parsed;
  }

  #follow(link: Location, rest: string): LastName {
    this.#links += 1;
    if (this.#links > MOST_LINKS) refuse('ELOOP');
    if ((this.#resolve & RESOLVE_NO_SYMLINKS) !== 0) refuse('ELOOP');
    if ((link.mount.flags & MNT_NOSYMFOLLOW) !== 0) refuse('ELOOP');
    if (link.inode.jump !== undefined) return this.#jump(link.inode.jump, rest);
    const { target } = link.inode;
    if (target === '') refuse('ENOENT');
    if (target.startsWith('/')) this.#jumpToRoot(true);
    return this.#walk(rest === '' ? target : `${target}/${rest}`);
  }

  // A magic link leads to an object, wherever it is: mounts over it are not crossed.
  #jump(jump: () => Location, rest: string): LastName {
    if ((this.#resolve & RESOLVE_NO_MAGICLINKS) !== 0) refuse('ELOOP');
    const target = jump();
    if ((this.#resolve & RESOLVE_NO_XDEV) !== 0 && target.mount !== this.at.mount) refuse('EXDEV');
    if ((this.#resolve & SCOPED) !== 0) refuse('EXDEV');
    this.at = target;
    if (rest === '') return { kind: 'root', name: '', slash: false };
    if (!target.inode.isDirectory) refuse('ENOTDIR');
    return this.#walk(rest);
  }

  #jumpToRoot(byLink: boolean): void {
    if ((this.#resolve & RESOLVE_BENEATH) !== 0) refuse('EXDEV');
    const leaves = byLink && this.at.mount !== this.#root.mount;
    if ((this.#resolve & RESOLVE_NO_XDEV) !== 0 && leaves) refuse('EXDEV');
    this.at = this.#root;
  }

  #checkSearch(): void {
    checkAccess(this.#process, this.at.inode, MAY_EXEC);
  }

  // `..` stops at the root, and leaves a mount by the file that it covers.
  #parent(): Location {
    const { at } = this;
    if (sameLocation(at, this.#root)) return this.#stayInRoot();
    if (at.inode !== at.mount.root) {
      return { mount: at.mount, inode: at.inode.parent ?? at.inode };
    }
    const below = this.#belowMount(at);
    if (below === undefined) return this.#stayInRoot();
    if ((this.#resolve & RESOLVE_NO_XDEV) !== 0) refuse('EXDEV');
    return { mount: below.mount, inode: below.inode.parent ?? below.inode };
  }

  #stayInRoot(): Location {
    if ((this.#resolve & RESOLVE_BENEATH) !== 0) refuse('EXDEV');
    return this.at;
  }

  #belowMount({ mount: from }: Location): Location | undefined {
    let mount = from;
    while (mount.parent !== undefined && mount.mountpoint !== undefined) {
      const below = { mount: mount.parent, inode: mount.mountpoint };
      if (sameLocation(below, this.#root)) return undefined;
      if (below.inode !== below.mount.root) return below;
      mount = below.mount;
    }
    return undefined;
  }

  #cross(location: Location): Location {
    const top = topOf(location);
    if (top.mount !== location.mount && (this.#resolve & RESOLVE_NO_XDEV) !== 0) refuse('EXDEV');
    return top;
  }
}

function lastName(name: string, slash: boolean): LastName {
  if (name === '.') return { kind: 'dot', name, slash };
  if (name === '..') return { kind: 'dotdot', name, slash };
  if (Buffer.byteLength(name) > LONGEST_NAME) refuse('ENAMETOOLONG');
  return { kind: 'name', name, slash };
}

/** How a path is resolved to a file that is there. */
export interface LookupOptions {
  /** Follow a link that is the last component. */
  readonly follow?: boolean;
  readonly directory?: boolean;
  readonly resolve?: number;
  /** End on top of what is mounted at the place, even where it was reached by `.` (umount2(2)). */
  readonly mountpoint?: boolean;
}

/** Resolves a path to a file that is there. */
export function lookup(
  process: Process,
  start: Location,
  path: string,
  options: LookupOptions,
): Location {
  if (path === '') refuse('ENOENT');
  const walk = new Walk(process, start, options.resolve);
  let last = walk.toLast(path);
  let directory = options.directory === true;
  for (;;) {
    const found = walk.find(last) ?? refuse('ENOENT');
    directory ||= last.slash;
    if (found.inode.isLink && last.kind === 'name' && (options.follow === true || last.slash)) {
      last = walk.followLast(found);
      continue;
    }
    if (directory && !found.inode.isDirectory) refuse('ENOTDIR');
    return walk.finish(options.mountpoint === true ? topOf(found) : found);
  }
}

/** Where a name is made or removed: its directory, and the name. */
export interface ParentLookup {
  readonly directory: Location;
  readonly last: LastName;
  /** What is there by that name, mounts not crossed. */
  readonly existing: Inode | undefined;
}

/** Resolves all but the last component, which may be missing (mkdirat(2), unlinkat(2)). */
export function lookupParent(process: Process, start: Location, path: string): ParentLookup {
  if (path === '') refuse('ENOENT');
  const walk = new Walk(process, start);
  const last = walk.toLast(path);
  const directory = walk.at;
  const existing = last.kind === 'name' ? directory.inode.entry(last.name) : undefined;
  return { directory, last, existing };
}
