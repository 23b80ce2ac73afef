/** RLIMIT_ numbers (asm-generic/resource.h), by the names of getrlimit(2) in lower case. */
export const RESOURCE_LIMIT_NUMBERS = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
} as const;

/** Names of getrlimit(2), in lower case and without RLIMIT_. */
export type ResourceLimitName = keyof typeof RESOURCE_LIMIT_NUMBERS;

/** A limit in the unit of getrlimit(2): bytes, seconds, or a count. */
export type ResourceLimit = number | 'unlimited';

/** Limits to set: one value for both, or a soft and a hard one. */
export type ResourceLimits = {
  readonly [N in ResourceLimitName]?:
    ResourceLimit | { readonly soft: ResourceLimit; readonly hard: ResourceLimit };
};

/**
 * `struct rlimit64` of each limit, by number.
 *
 * @throws TypeError for a name or a value that is none.
 */
export function encodeResourceLimits(
  limits: ResourceLimits,
): (readonly [name: string, number: number, Uint8Array])[] {
  return Object.entries(limits).map(([name, limit]) => {
    const number = RESOURCE_LIMIT_NUMBERS[name as ResourceLimitName] as number | undefined;
    if (number === undefined) {
      throw new TypeError(
        `there is no resource limit ${JSON.stringify(name)}: it is one of ${Object.keys(RESOURCE_LIMIT_NUMBERS).join(', ')}`,
      );
    }
    const both = typeof limit === 'object' && limit !== null;
    const [soft, hard] = both
      ? [toRlim(name, limit.soft), toRlim(name, limit.hard)]
      : [toRlim(name, limit), toRlim(name, limit)];
    if (soft > hard)
      throw new TypeError(`limit ${name} has a soft value, ${soft}, above the hard one, ${hard}`);
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, soft, true);
    view.setBigUint64(8, hard, true);
    return [name, number, bytes] as const;
  });
}

function toRlim(name: string, limit: ResourceLimit): bigint {
  if (limit === 'unlimited') return 0xffffffffffffffffn;
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw new TypeError(
      `limit ${name} must be a whole number from 0 or "unlimited", not ${String(limit)}`,
    );
  }
  return BigInt(limit);
}
