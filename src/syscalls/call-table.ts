import { posix } from 'node:path';
import type { DescriptorNames } from './descriptor-names.js';
import { AT_FDCWD, type Fd } from './descriptor.js';
import { AT_NAMES, F_NAMES, IOCTL_NAMES, STATX_NAMES, TIOCGPTPEER } from './file-flags.js';
import * as mountFlags from './mount-flags.js';
import {
  bits,
  bytesIn,
  bytesOut,
  device,
  fd,
  formatOctal,
  integer,
  nullableText,
  oneOf,
  path,
  text,
  typedMode,
  type Param,
  type RawArg,
} from './params.js';
import { CLONE_NAMES } from './process-flags.js';
import {
  decodeDirEntries,
  decodeStatfs,
  decodeStatx,
  mountAttr,
  openHow,
  STATFS_SIZE,
  STATX_SIZE,
  timespecPair,
} from './structs.js';
import type { CallArgs, CallName, CallResult } from './syscalls.js';
import { MOST_ID } from './kernel-limits.js';

/** One parameter for each argument. */
type ParamsOf<Args extends readonly unknown[]> = { readonly [I in keyof Args]: Param<Args[I]> };

/** One call: its number, its parameters, and what becomes of its result. */
export interface CallSpec<N extends CallName = CallName> {
  /** System call numbers: x64, arm64. */
  readonly numbers: readonly [number, number];
  readonly params: ParamsOf<CallArgs<N>>;
  /** Size in bytes of memory that the kernel fills, after the last argument; length follows if asked. */
  readonly out?: { readonly size: number; readonly withLength?: true };
  /** From the kernel's result and the raw arguments to the method's result. */
  decode(result: number, raw: readonly RawArg[]): CallResult<N>;
  /** Keeps the names of descriptors up to date after a success. */
  track?(names: DescriptorNames, args: CallArgs<N>, result: CallResult<N>): void;
}

const none = (): void => undefined;
const number = (result: number): number => result;
const descriptorOf = (result: number): Fd => result as Fd;
const lastBuffer = (raw: readonly RawArg[]): Uint8Array => {
  const buffer = raw.findLast((arg) => arg instanceof Uint8Array);
  if (buffer === undefined) throw new TypeError('the call has no memory for the kernel to fill');
  return buffer;
};
const filled = (result: number, raw: readonly RawArg[]): Uint8Array =>
  lastBuffer(raw).subarray(0, result);

/** The name of what a path relative to a descriptor leads to. */
function nameAt(names: DescriptorNames, dirfd: Fd, relative: string): string {
  if (dirfd === AT_FDCWD) return relative;
  if (relative === '') return names.get(dirfd);
  const base = names.get(dirfd);
  if (!/[/.]/.test(relative) && !base.endsWith('/')) return `${base}/${relative}`;
  // Resolved in a root, so that an absolute path starts at the descriptor as well.
  const joined = posix.join(base, relative);
  return joined.length > 1 ? joined.replace(/\/$/, '') : joined;
}

const octal = (name: string, most = 0o7777): Param<number> => integer(name, 0, most, formatOctal);
const dirfd = fd('dirfd');
const atPath = path('path');
const atFlags = bits<never>('flags', AT_NAMES);
// -1 leaves the id as it is (chown(2)).
const id = (name: string): Param<number> => integer(name, -1, MOST_ID);

/** A descriptor, or 0 where the command takes none. */
const aux: Param<number> = {
  ...integer('aux', -100, 0x7fffffff),
  descriptorOf: (value) => (value <= 0 ? undefined : (value as Fd)),
  format: (value, names) => (value === 0 ? '0' : `<${names.get(value as Fd)}>`),
};

const ioctlArg: Param<number | Uint8Array> = {
  name: 'arg',
  kinds: ['inout'],
  encode(value, raw) {
    if (typeof value !== 'number') {
      raw.push(value);
      return;
    }
    integer('arg', 0, 0xffffffff).encode(value, raw);
  },
  format: (value) =>
    typeof value === 'number' ? String(value) : `[${Array.from(value).join(' ')}]`,
};

type CallTable = { readonly [N in CallName]: CallSpec<N> };

/**
 * Every call of the adapter. LinuxSyscalls marshals by it, traces and errors print by it, and the
 * modelled kernel knows by it what to answer. Numbers are of asm/unistd.h.
 */
export const CALLS: CallTable = {
  mount: {
    numbers: [165, 40],
    params: [
      path('source'),
      path('target'),
      text('fstype'),
      bits('flags', mountFlags.MS_NAMES),
      text('data'),
    ],
    decode: none,
  },
  umount2: {
    numbers: [166, 39],
    params: [path('target'), bits('flags', mountFlags.MNT_NAMES)],
    decode: none,
  },
  pivot_root: { numbers: [155, 41], params: [path('new_root'), path('put_old')], decode: none },
  open_tree: {
    numbers: [428, 428],
    params: [dirfd, atPath, bits('flags', mountFlags.OPEN_TREE_NAMES)],
    decode: descriptorOf,
    track: (names, [at, relative], result) => names.set(result, nameAt(names, at, relative)),
  },
  move_mount: {
    numbers: [429, 429],
    params: [
      fd('from_dirfd'),
      path('from_path'),
      fd('to_dirfd'),
      path('to_path'),
      bits('flags', mountFlags.MOVE_MOUNT_NAMES),
    ],
    decode: none,
    // A detached mount is called by its file system until it has a place.
    track: (names, [from, fromPath, to, toPath]) => {
      if (fromPath === '') names.set(from, nameAt(names, to, toPath));
    },
  },
  fsopen: {
    numbers: [430, 430],
    params: [text('fsname'), bits('flags', mountFlags.FSOPEN_NAMES)],
    decode: descriptorOf,
    track: (names, [fsname], result) => names.set(result, `fscontext:${fsname}`),
  },
  fsconfig: {
    numbers: [431, 431],
    params: [
      fd('fd'),
      oneOf('cmd', mountFlags.FSCONFIG_NAMES),
      nullableText('key'),
      nullableText('value'),
      aux,
    ],
    decode: none,
  },
  fsmount: {
    numbers: [432, 432],
    params: [
      fd('fd'),
      bits('flags', mountFlags.FSMOUNT_NAMES),
      bits('attr_flags', mountFlags.MOUNT_ATTR_NAMES),
    ],
    decode: descriptorOf,
    track: (names, [context], result) =>
      names.set(result, names.get(context).replace('fscontext:', 'mount:')),
  },
  fspick: {
    numbers: [433, 433],
    params: [dirfd, atPath, bits('flags', mountFlags.FSPICK_NAMES)],
    decode: descriptorOf,
    track: (names, [at, relative], result) =>
      names.set(result, `fscontext:${nameAt(names, at, relative)}`),
  },
  mount_setattr: {
    numbers: [442, 442],
    params: [dirfd, atPath, atFlags, mountAttr('attr')],
    decode: none,
  },

  openat2: {
    numbers: [437, 437],
    params: [dirfd, atPath, openHow('how')],
    decode: descriptorOf,
    track: (names, [at, relative], result) => names.set(result, nameAt(names, at, relative)),
  },
  close: {
    numbers: [3, 57],
    params: [fd('fd')],
    decode: none,
    track: (names, [closed]) => names.delete(closed),
  },
  read: { numbers: [0, 63], params: [fd('fd'), bytesOut('count', 0x7ffff000)], decode: filled },
  write: { numbers: [1, 64], params: [fd('fd'), bytesIn('buf')], decode: number },
  readlinkat: {
    numbers: [267, 78],
    params: [dirfd, atPath],
    out: { size: 4096, withLength: true },
    decode: (result, raw) => Buffer.from(filled(result, raw)).toString(),
  },
  getdents64: {
    numbers: [217, 61],
    params: [fd('fd')],
    out: { size: 32768, withLength: true },
    decode: (result, raw) => decodeDirEntries(filled(result, raw)),
  },
  statx: {
    numbers: [332, 291],
    params: [dirfd, atPath, atFlags, bits('mask', STATX_NAMES)],
    out: { size: STATX_SIZE },
    decode: (_, raw) => decodeStatx(lastBuffer(raw)),
  },
  fstatfs: {
    numbers: [138, 44],
    params: [fd('fd')],
    out: { size: STATFS_SIZE },
    decode: (_, raw) => decodeStatfs(lastBuffer(raw)),
  },
  mkdirat: { numbers: [258, 34], params: [dirfd, atPath, octal('mode')], decode: none },
  mknodat: {
    numbers: [259, 33],
    params: [dirfd, atPath, typedMode('mode'), device('dev')],
    decode: none,
  },
  symlinkat: {
    numbers: [266, 36],
    params: [text('target'), fd('newdirfd'), path('linkpath')],
    decode: none,
  },
  unlinkat: { numbers: [263, 35], params: [dirfd, atPath, atFlags], decode: none },
  fchmod: { numbers: [91, 52], params: [fd('fd'), octal('mode')], decode: none },
  fchownat: {
    numbers: [260, 54],
    params: [dirfd, atPath, id('owner'), id('group'), atFlags],
    decode: none,
  },
  utimensat: {
    numbers: [280, 88],
    params: [dirfd, atPath, timespecPair('times'), atFlags],
    decode: none,
  },
  fcntl: {
    numbers: [72, 25],
    params: [fd('fd'), oneOf('cmd', F_NAMES), integer('arg', 0, 0x7fffffff)],
    decode: number,
  },
  ioctl: {
    numbers: [16, 29],
    params: [fd('fd'), oneOf('request', IOCTL_NAMES), ioctlArg],
    decode: number,
    track: (names, [master, request], result) => {
      if (request === TIOCGPTPEER) names.set(result as Fd, `peer of ${names.get(master)}`);
    },
  },

  umask: { numbers: [95, 166], params: [octal('mask', 0o777)], decode: number },
  chdir: { numbers: [80, 49], params: [path('path')], decode: none },
  fchdir: { numbers: [81, 50], params: [fd('fd')], decode: none },
  chroot: { numbers: [161, 51], params: [path('path')], decode: none },
  getcwd: {
    numbers: [79, 17],
    params: [],
    out: { size: 4096, withLength: true },
    // The kernel counts the terminating NUL.
    decode: (result, raw) => Buffer.from(filled(result - 1, raw)).toString(),
  },
  unshare: { numbers: [272, 97], params: [bits('flags', CLONE_NAMES)], decode: none },
  setns: { numbers: [308, 268], params: [fd('fd'), bits('nstype', CLONE_NAMES)], decode: none },
  sethostname: { numbers: [170, 161], params: [hostname()], decode: none },
  setdomainname: { numbers: [171, 162], params: [hostname()], decode: none },
  geteuid: { numbers: [107, 175], params: [], decode: number },
  getegid: { numbers: [108, 177], params: [], decode: number },
};

/** A name and its length in bytes. */
function hostname(): Param<string> {
  const name = text('name');
  return {
    name: 'name',
    kinds: ['string', 'int'],
    encode(value, raw) {
      name.encode(value, raw);
      raw.push(Buffer.byteLength(value));
    },
    format: name.format,
  };
}

/** Prints a call as C would write it, flags by name and descriptors by what they stand for. */
export function formatCall<N extends CallName>(
  name: N,
  args: CallArgs<N>,
  names: DescriptorNames,
): string {
  return `${name}(${formatArgs(name, args, names).join(', ')})`;
}

/** Prints the arguments of a call, one text for each. */
export function formatArgs<N extends CallName>(
  name: N,
  args: CallArgs<N>,
  names: DescriptorNames,
): string[] {
  const params = CALLS[name].params as unknown as readonly Param<unknown>[];
  return params.map((param, index) => {
    try {
      return param.format((args as readonly unknown[])[index], names);
    } catch {
      // An argument of the wrong type is what the message is about.
      return String((args as readonly unknown[])[index]);
    }
  });
}
