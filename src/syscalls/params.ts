import type { DescriptorNames } from './descriptor-names.js';
import type { Fd } from './descriptor.js';
import {
  S_IFMT,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFREG,
  S_IFSOCK,
} from './file-flags.js';
import type { FlagNames, Flags } from './flags.js';
import { formatFlags } from './flags.js';
import type { FdPath } from './paths.js';
import type { DeviceNumber } from './syscalls.js';

/**
 * How an argument crosses into C: an integer, a NUL-terminated string or NULL, or memory that the
 * kernel reads (`in`), fills (`out`) or both.
 */
export type RawKind = 'int' | 'string' | 'in' | 'out' | 'inout';
/** An argument as it crosses into C. */
export type RawArg = number | string | null | Uint8Array;

/** One parameter of a call: how it is checked, passed to the kernel and printed. */
export interface Param<T> {
  readonly name: string;
  readonly kinds: readonly RawKind[];
  /**
   * The raw arguments, one for each of `kinds`, are appended to `raw`.
   *
   * @throws TypeError or RangeError when the value is not of the parameter's type or range.
   */
  encode(value: T, raw: RawArg[]): void;
  /** The open descriptor that the argument is, or that it names by a path. */
  descriptorOf?(value: T): Fd | undefined;
  format(value: T, names: DescriptorNames): string;
}

const bad = (name: string, wanted: string, value: unknown): TypeError =>
  new TypeError(
    `${name} must be ${wanted}, not ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`,
  );

/** A whole number between two bounds, both included. */
export function checkInteger(name: string, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw bad(name, 'a whole number', value);
  }
  if (value < least || value > most) {
    throw new RangeError(`${name} must be from ${least} to ${most}, not ${value}`);
  }
  return value;
}

/** A string that C will read whole: koffi would cut it silently at a NUL. */
export function checkString(name: string, value: unknown): string {
  if (typeof value !== 'string') throw bad(name, 'a string', value);
  if (value.includes('\0')) throw new TypeError(`${name} has a NUL byte: ${JSON.stringify(value)}`);
  return value;
}

/** `0755` as C writes it. */
export const formatOctal = (value: number): string => (value === 0 ? '0' : `0${value.toString(8)}`);

/** The path by which procfs names a descriptor of the calling thread. */
export const procPathOf = (path: FdPath): string => `/proc/thread-self/fd/${path.fd}`;

export function integer(
  name: string,
  least: number,
  most: number,
  format: (value: number) => string = String,
): Param<number> {
  return {
    name,
    kinds: ['int'],
    encode: (value, raw) => raw.push(checkInteger(name, value, least, most)),
    format,
  };
}

export function fd(name: string): Param<Fd> {
  return {
    name,
    kinds: ['int'],
    encode: (value, raw) => raw.push(checkInteger(name, value, -100, 0x7fffffff)),
    descriptorOf: (value) => (value < 0 ? undefined : value),
    format: (value, names) => (value === -100 ? 'AT_FDCWD' : `<${names.get(value)}>`),
  };
}

export function text(name: string): Param<string> {
  return {
    name,
    kinds: ['string'],
    encode: (value, raw) => raw.push(checkString(name, value)),
    format: (value, names) => JSON.stringify(byName(value, names)),
  };
}

// Numbers of descriptors differ from run to run, names do not.
const byName = (value: string, names: DescriptorNames): string =>
  value.replace(
    /\/proc\/thread-self\/fd\/(\d+)/g,
    (_, fd: string) => `<${names.get(Number(fd) as Fd)}>`,
  );

export function nullableText(name: string): Param<string | null> {
  return {
    name,
    kinds: ['string'],
    encode: (value, raw) => raw.push(value === null ? null : checkString(name, value)),
    format: (value, names) => (value === null ? 'NULL' : JSON.stringify(byName(value, names))),
  };
}

/** A path, or the file behind a descriptor, printed by the descriptor's name. */
export function path(name: string): Param<string | FdPath> {
  return {
    name,
    kinds: ['string'],
    encode(value, raw) {
      if (typeof value === 'object' && value !== null) {
        checkInteger(name, value.fd, 0, 0x7fffffff);
        raw.push(procPathOf(value));
      } else {
        raw.push(checkString(name, value));
      }
    },
    descriptorOf: (value) => (typeof value === 'string' ? undefined : value.fd),
    format: (value, names) =>
      JSON.stringify(typeof value === 'string' ? byName(value, names) : names.get(value.fd)),
  };
}

export function bits<F extends Flags<string>>(name: string, set: FlagNames): Param<F> {
  return {
    name,
    kinds: ['int'],
    encode: (value, raw) => raw.push(checkInteger(name, value, 0, 0xffffffff)),
    format: (value) => formatFlags(value, set),
  };
}

/** One of a list of named numbers, which are not bits: a command or a request. */
export function oneOf<F extends Flags<string>>(name: string, set: FlagNames): Param<F> {
  const nameOf = new Map(Object.entries(set).map(([key, value]) => [value, key]));
  return {
    name,
    kinds: ['int'],
    encode: (value, raw) => raw.push(checkInteger(name, value, 0, 0xffffffff)),
    format: (value) => nameOf.get(value) ?? `0x${value.toString(16)}`,
  };
}

const FILE_TYPES = { S_IFSOCK, S_IFLNK, S_IFREG, S_IFBLK, S_IFDIR, S_IFCHR, S_IFIFO };

/** A mode with a file type, printed as `S_IFCHR|0666`. */
export function typedMode(name: string): Param<number> {
  return integer(name, 0, 0o177777, (value) => {
    const type = Object.entries(FILE_TYPES).find(
      ([, bitsOfType]) => bitsOfType === (value & S_IFMT),
    );
    const permissions = formatOctal(value & ~S_IFMT);
    return type === undefined ? formatOctal(value) : `${type[0]}|${permissions}`;
  });
}

/** Packs a device number as mknod(2) and stat(2) do (`new_encode_dev` of the kernel). */
export function encodeDevice({ major, minor }: DeviceNumber): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

export function device(name: string): Param<DeviceNumber> {
  return {
    name,
    kinds: ['int'],
    encode(value, raw) {
      checkInteger(`${name}.major`, value.major, 0, 0xfff);
      checkInteger(`${name}.minor`, value.minor, 0, 0xfffff);
      raw.push(encodeDevice(value));
    },
    format: (value) => `makedev(${value.major}, ${value.minor})`,
  };
}

/** Memory that the kernel reads, followed by its length. */
export function bytesIn(name: string): Param<Uint8Array> {
  return {
    name,
    kinds: ['in', 'int'],
    encode(value, raw) {
      if (!(value instanceof Uint8Array)) throw bad(name, 'a Uint8Array', value);
      raw.push(value, value.length);
    },
    format: (value) => `${JSON.stringify(shorten(value))}, ${value.length}`,
  };
}

/** How many bytes the kernel may fill. */
export function bytesOut(name: string, most: number): Param<number> {
  return {
    name,
    kinds: ['out', 'int'],
    encode(value, raw) {
      raw.push(new Uint8Array(checkInteger(name, value, 0, most)), value);
    },
    format: String,
  };
}

function shorten(data: Uint8Array): string {
  const shown = new TextDecoder('latin1').decode(data.subarray(0, 64));
  return data.length > 64 ? `${shown}…` : shown;
}
