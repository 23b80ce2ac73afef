import type { FsContext, OptionValue } from '../fs-context.js';

/** Reads numbers and ids out of options, as the kernel's option parsers do (fs_parser.rst). */

/** An option's text; refused where it was given without one. */
export function textOf(context: FsContext, key: string, value: OptionValue): string {
  if (value.kind !== 'string' || value.text === '') return badValue(context, key);
  return value.text;
}

export function badValue(context: FsContext, key: string): never {
  return context.fail('EINVAL', `Bad value for '${key}'`);
}

export function octalOf(context: FsContext, key: string, value: OptionValue): number {
  const text = textOf(context, key, value);
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : badValue(context, key);
}

export function decimalOf(context: FsContext, key: string, value: OptionValue): number {
  const text = textOf(context, key, value);
  return /^[0-9]+$/.test(text) ? Number(text) : badValue(context, key);
}

/** A user id of the caller's namespace, as one of the initial namespace. */
export function uidOf(context: FsContext, key: string, value: OptionValue): number {
  const { userNamespace } = context.kernel.process.credentials;
  const id = decimalOf(context, key, value);
  return userNamespace.kernelUid(id) ?? invalidId(context, 'uid', id);
}

/** A group id of the caller's namespace, as one of the initial namespace. */
export function gidOf(context: FsContext, key: string, value: OptionValue): number {
  const { userNamespace } = context.kernel.process.credentials;
  const id = decimalOf(context, key, value);
  return userNamespace.kernelGid(id) ?? invalidId(context, 'gid', id);
}

/** It is not mapped (`fs_param_is_uid` of the kernel, Linux 6.11). */
function invalidId(context: FsContext, kind: 'uid' | 'gid', id: number): never {
  return context.fail('EINVAL', `Invalid ${kind} '${id}'`);
}

const UNITS: Readonly<Record<string, number>> = { k: 10, m: 20, g: 30, t: 40, p: 50 };

/** A size with a unit, such as `65536k` (`memparse` of the kernel). */
export function sizeOf(context: FsContext, key: string, value: OptionValue): number {
  const match = /^([0-9]+)([kmgtp]?)$/i.exec(textOf(context, key, value));
  if (match === null) return badValue(context, key);
  const shift = UNITS[(match[2] ?? '').toLowerCase()] ?? 0;
  return Number(match[1]) * 2 ** shift;
}
