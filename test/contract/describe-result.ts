import type { CallName, DirEntry, Statfs, Statx } from '../../src/syscalls/syscalls.js';
import { S_IFDIR, S_IFMT, S_IFREG, STATX_ATTR_MOUNT_ROOT } from '../../src/syscalls/file-flags.js';

/** Prints what a call returned, without what differs from machine to machine. */
export function describeResult(name: CallName, value: unknown): string {
  if (value === undefined) return 'ok';
  if (name === 'statx') return describeStatx(value as Statx);
  if (name === 'fstatfs') return describeStatfs(value as Statfs);
  if (name === 'getdents64') return describeEntries(value as readonly DirEntry[]);
  if (value instanceof Uint8Array) return JSON.stringify(new TextDecoder('latin1').decode(value));
  return typeof value === 'string' ? JSON.stringify(value) : String(value as number);
}

function describeStatx(stat: Statx): string {
  const type = stat.mode & S_IFMT;
  const regular = type === S_IFREG;
  const fields = [
    `mode=0${stat.mode.toString(8)}`,
    `owner=${stat.uid}:${stat.gid}`,
    `rdev=${stat.rdev.major}:${stat.rdev.minor}`,
    `mounted=${(stat.attributes & STATX_ATTR_MOUNT_ROOT) !== 0}`,
  ];
  // File systems count links and size of directories in their own ways.
  if (type !== S_IFDIR) fields.push(`nlink=${stat.nlink}`);
  if (regular) fields.push(`size=${stat.size}`);
  return fields.join(' ');
}

function describeStatfs({ type, flags }: Statfs): string {
  return `type=0x${type.toString(16)} flags=0x${flags.toString(16)}`;
}

// Their order is the file system's.
function describeEntries(entries: readonly DirEntry[]): string {
  return entries
    .map(({ name, type }) => `${name}:${(type >> 12).toString(8)}`)
    .sort()
    .join(' ');
}
