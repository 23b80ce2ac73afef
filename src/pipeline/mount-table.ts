import {
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
} from '../syscalls/mount-flags.js';
import { hasFlags } from '../syscalls/flags.js';
import type { MountinfoEntry } from '../syscalls/mountinfo.js';
import type { Expectation, MountExpectation, PropagationExpectation } from './expectation.js';

const ATTRIBUTES = [
  [MOUNT_ATTR_RDONLY, 'ro'],
  [MOUNT_ATTR_NOSUID, 'nosuid'],
  [MOUNT_ATTR_NODEV, 'nodev'],
  [MOUNT_ATTR_NOEXEC, 'noexec'],
  [MOUNT_ATTR_NOATIME, 'noatime'],
  [MOUNT_ATTR_NODIRATIME, 'nodiratime'],
  [MOUNT_ATTR_NOSYMFOLLOW, 'nosymfollow'],
] as const;

/** A promise, and where it stands among all. */
interface MountPromise extends MountExpectation {
  readonly index: number;
}

/** The mounts of a finished container, held against what was promised of them. */
export class MountTable {
  readonly #byId = new Map<number, MountinfoEntry>();
  readonly #children = new Map<number, MountinfoEntry[]>();
  /** The promises of each mount, by id; the first says since when it is there. */
  readonly #expected = new Map<number, MountPromise[]>();
  #propagation: PropagationExpectation['propagation'] = 'any';

  constructor(
    private readonly mounts: readonly MountinfoEntry[],
    expectations: readonly Expectation[],
  ) {
    for (const mount of mounts) {
      this.#byId.set(mount.id, mount);
      const siblings = this.#children.get(mount.parent);
      if (siblings === undefined) this.#children.set(mount.parent, [mount]);
      else siblings.push(mount);
    }
    expectations.forEach((expected, index) => {
      if ('propagation' in expected) this.#propagation = expected.propagation;
      // 0: before Linux 5.8 nobody says which mount it is.
      else if ('mount' in expected && expected.mount !== 0n) this.#expect(expected, index);
    });
  }

  #expect(expected: MountExpectation, index: number): void {
    const id = Number(expected.mount);
    const promise = { ...expected, index };
    const others = this.#expected.get(id);
    if (others === undefined) this.#expected.set(id, [promise]);
    else others.push(promise);
  }

  /** What is missing, lacks a flag, spreads too far, or shows the host. */
  differences(): string[] {
    const found: string[] = [];
    for (const [id, promises] of this.#expected) {
      const mount = this.#byId.get(id);
      if (mount === undefined) found.push(`${promises[0]?.name} is not mounted any more`);
      else for (const promise of promises) found.push(...this.#compare(mount, promise));
    }
    for (const mount of this.mounts) {
      if (this.#spreads(mount))
        found.push(
          `${mount.mountPoint} should be ${this.#propagation.replace('-', ' ')} and is ${mount.propagation.join(' ')}`,
        );
      if (this.#showsHost(mount))
        found.push(`${mount.mountPoint} shows the host's ${mount.fstype}, which nobody asked for`);
    }
    return found;
  }

  /** Whether a mount that was made after the expectation at `index` is on the way to a path. */
  coveredLater(path: string, index: number): boolean {
    for (const id of this.#expected.keys()) {
      const mount = this.#byId.get(id);
      if (this.#isLater(id, index) && mount !== undefined && isAt(path, mount.mountPoint))
        return true;
    }
    return false;
  }

  /** Whether a mount was made, and promised, after the expectation at `index`. */
  #isLater(id: number, index: number): boolean {
    return (this.#expected.get(id)?.[0]?.index ?? -1) > index;
  }

  #compare(mount: MountinfoEntry, { attributes, recursive, index }: MountPromise): string[] {
    if (attributes === undefined) return [];
    const wanted = ATTRIBUTES.filter(([attribute]) => hasFlags(attributes, attribute));
    const checked =
      recursive === true
        ? this.#tree(mount, index).filter(({ id }) => !this.#keepsFlags(id))
        : [mount];
    return checked.flatMap(({ mountPoint, options }) => {
      const there = options.split(',');
      const missing = wanted.filter(([, name]) => !there.includes(name)).map(([, name]) => name);
      return missing.length === 0
        ? []
        : [`${mountPoint} should be ${missing.join(', ')} and is ${options}`];
    });
  }

  #keepsFlags(id: number): boolean {
    return this.#expected.get(id)?.some(({ keepsFlags }) => keepsFlags === true) === true;
  }

  /** A mount and what was below it at the expectation at `index`: what came later has its own. */
  #tree(top: MountinfoEntry, index: number): readonly MountinfoEntry[] {
    const found = [top];
    for (const mount of found) {
      // The mount on the root of all has itself as its parent where that is hidden.
      for (const child of this.#children.get(mount.id) ?? [])
        if (child !== mount && !this.#isLater(child.id, index)) found.push(child);
    }
    return found;
  }

  #spreads({ id, shared, propagation }: MountinfoEntry): boolean {
    if (this.#propagation === 'any' || propagation.length === 0) return false;
    if (this.#promised(id, ({ shared: wanted }) => wanted === true)) return false;
    if (this.#propagation === 'private')
      return shared || propagation.some((tag) => tag.startsWith('master:'));
    return this.#propagation === 'not-shared' && shared;
  }

  #showsHost(mount: MountinfoEntry): boolean {
    if (mount.fstype !== 'proc' && mount.fstype !== 'sysfs') return false;
    if (this.#expected.has(mount.id) || this.#isHidden(mount)) return false;
    return !this.#promised(mount.id, ({ showsHost }) => showsHost === true);
  }

  /** Whether something was promised of a mount, or of one that it is below. */
  #promised(id: number, what: (promise: MountExpectation) => boolean): boolean {
    for (let at = this.#byId.get(id); at !== undefined; at = this.#byId.get(at.parent)) {
      if (this.#expected.get(at.id)?.some(what) === true) return true;
      if (at.parent === at.id) return false;
    }
    return false;
  }

  #isWithin(id: number, top: number): boolean {
    for (let at = this.#byId.get(id); at !== undefined; at = this.#byId.get(at.parent)) {
      if (at.id === top) return true;
      if (at.parent === at.id) return false;
    }
    return false;
  }

  /** Whether the path to it leads into another mount, on it or on a directory before it. */
  #isHidden(mount: MountinfoEntry): boolean {
    return this.mounts.some(
      (over) =>
        isAt(mount.mountPoint, over.mountPoint) &&
        this.#isWithin(mount.id, over.parent) &&
        !this.#isWithin(mount.id, over.id),
    );
  }
}

function isAt(path: string, mountPoint: string): boolean {
  return mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
}
