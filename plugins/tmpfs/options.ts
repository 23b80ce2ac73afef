import {
  MOST_ID,
  optionError,
  readMountAttributes,
  type MountAttributes,
  type OptionReader,
} from 'nsinit';

/** One file system in memory. */
export interface TmpfsOptions extends MountAttributes {
  /** Where it is mounted in the container; made if it is missing. */
  readonly target: string;
  /** Bytes, or a number with `k`, `m`, `g` or `%` of the memory; half of the memory when empty. */
  readonly size: string;
  /** How many files it can have; half the number of the memory's pages when 0. */
  readonly inodes: number;
  /** Permission bits of its root; of what it covers when not given, or 1777 where nothing was. */
  readonly mode?: number | undefined;
  /** Owner of its root; of what it covers with `copyUp`, else the caller's. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Starts with a copy of what it covers. */
  readonly copyUp: boolean;
  /** What mountinfo shows as its source. */
  readonly source: string;
}

/** @throws NsinitError naming the option. */
export function readTmpfs(given: OptionReader): TmpfsOptions {
  const id = (option: string): number => given.integer(option, 0, MOST_ID);
  return given.done({
    target: given.mountPoint('target'),
    size: given.has('size') ? readSize(given) : '',
    inodes: given.integer('inodes', 0, Number.MAX_SAFE_INTEGER, 0),
    ...defined({
      mode: given.optional('mode', (option) => given.fileMode(option)),
      uid: given.optional('uid', id),
      gid: given.optional('gid', id),
    }),
    copyUp: given.boolean('copyUp', false),
    source: given.string('source', 'tmpfs'),
    nosuid: given.boolean('nosuid', true),
    nodev: given.boolean('nodev', true),
    ...readMountAttributes(given),
  });
}

// The kernel takes 0 for "no limit", which nobody means by it.
function readSize(given: OptionReader): string {
  const value = given.stringOrInteger('size');
  if (value === '') return '';
  if (/^[0-9]*[1-9][0-9]*([kmgtp]|%)?$/i.test(value)) return value;
  throw optionError(given.nameOf('size'), 'a size such as 1048576, "64m" or "50%"', value);
}

function defined<T extends object>(options: T): T {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as T;
}
