import type { DescriptorNames } from './descriptor-names.js';
import type { Fd } from './descriptor.js';
import { OPENING_CALLS } from './opening-calls.js';
import { formatOctal } from './params.js';
import type { CallName, CallResult, Statfs, Statx } from './syscalls.js';

/** Prints what a call returned: descriptors by name, structures by what matters of them. */
export function formatResult<N extends CallName>(
  name: N,
  value: CallResult<N>,
  names: DescriptorNames,
): string {
  if (value === undefined) return '0';
  if (OPENING_CALLS.has(name)) return `<${names.get(value as Fd)}>`;
  if (name === 'umask') return formatOctal(value as number);
  if (name === 'statx') return formatStatx(value as Statx);
  if (name === 'fstatfs') return `{type=0x${(value as Statfs).type.toString(16)}}`;
  if (name === 'getdents64') return `${(value as readonly unknown[]).length} entries`;
  if (value instanceof Uint8Array) return String(value.length);
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function formatStatx(stat: Statx): string {
  const rdev =
    stat.rdev.major === 0 && stat.rdev.minor === 0
      ? ''
      : `, rdev=${stat.rdev.major}:${stat.rdev.minor}`;
  return `{mode=${formatOctal(stat.mode)}, uid=${stat.uid}, gid=${stat.gid}${rdev}}`;
}
