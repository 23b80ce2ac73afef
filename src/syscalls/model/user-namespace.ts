/** One line of /proc/PID/uid_map: ids inside, ids outside, how many (user_namespaces(7)). */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

const EVERY_ID: readonly IdRange[] = [{ inside: 0, outside: 0, count: 0xffffffff }];

/** What an id that is not mapped is shown as (/proc/sys/kernel/overflowuid). */
const OVERFLOW_ID = 65534;

/**
 * A user namespace. Inside the model an id is always the initial namespace's, as in the kernel
 * (`kuid_t`); the maps translate at the border.
 */
export class UserNamespace {
  constructor(
    readonly parent: UserNamespace | undefined,
    /** Who made it; may do everything in it from the parent. */
    readonly owner: number,
    readonly uidMap: readonly IdRange[] = EVERY_ID,
    readonly gidMap: readonly IdRange[] = EVERY_ID,
  ) {}

  /** The initial namespace's user for a user of this one, if it is mapped. */
  kernelUid(uid: number): number | undefined {
    return inward(this.uidMap, uid, this.parent?.kernelUid.bind(this.parent));
  }

  kernelGid(gid: number): number | undefined {
    return inward(this.gidMap, gid, this.parent?.kernelGid.bind(this.parent));
  }

  /** This namespace's user for one of the initial namespace, if it is mapped. */
  uidOf(kernelUid: number): number | undefined {
    return outward(this.uidMap, kernelUid, this.parent?.uidOf.bind(this.parent));
  }

  gidOf(kernelGid: number): number | undefined {
    return outward(this.gidMap, kernelGid, this.parent?.gidOf.bind(this.parent));
  }

  /** What stat(2) shows for an owner. */
  shownUid(kernelUid: number): number {
    return this.uidOf(kernelUid) ?? OVERFLOW_ID;
  }

  shownGid(kernelGid: number): number {
    return this.gidOf(kernelGid) ?? OVERFLOW_ID;
  }

  /** Whether this namespace is the other or lies inside it. */
  isWithin(other: UserNamespace): boolean {
    return this === other || (this.parent?.isWithin(other) ?? false);
  }
}

type Translate = ((id: number) => number | undefined) | undefined;

// The maps are written in the ids of the parent namespace, so each is a step to or from it.
function inward(map: readonly IdRange[], id: number, toKernel: Translate): number | undefined {
  const range = map.find((r) => id >= r.inside && id < r.inside + r.count);
  if (range === undefined) return undefined;
  const outside = range.outside + (id - range.inside);
  return toKernel === undefined ? outside : toKernel(outside);
}

function outward(map: readonly IdRange[], id: number, fromKernel: Translate): number | undefined {
  const outside = fromKernel === undefined ? id : fromKernel(id);
  if (outside === undefined) return undefined;
  const range = map.find((r) => outside >= r.outside && outside < r.outside + r.count);
  return range === undefined ? undefined : range.inside + (outside - range.outside);
}

/** A map as /proc/PID/uid_map prints it. */
export function formatIdMap(map: readonly IdRange[]): string {
  const column = (id: number): string => String(id).padStart(10);
  return map.map((r) => `${column(r.inside)} ${column(r.outside)} ${column(r.count)}\n`).join('');
}
