import fc from 'fast-check';
import * as F from '../../src/syscalls/file-flags.js';
import { flags } from '../../src/syscalls/flags.js';
import * as M from '../../src/syscalls/mount-flags.js';
import { CLONE_NEWNS } from '../../src/syscalls/process-flags.js';
import type { Op, OpArg } from './op.js';

/** Sequences of calls, weighted to come across each other: few places, many mounts. */

const PLACES = [
  '/work',
  '/work/a',
  '/work/b',
  '/work/c',
  '/work/a/d',
  '/work/b/d',
  '/work/c/d',
  '/work/a/d/e',
];
const ODD_PLACES = [
  '/',
  '.',
  '..',
  '/work/l',
  '/work/l/d',
  '/work/abs',
  '/work/f',
  '/work/a/f',
  '/work/new',
  '/work/a/new',
  '/work/a/..',
  '/work/b/../a/d',
  '/work/loop',
  '/work/a/',
  'a',
  'd',
  'd/e',
  '/a',
  '/b',
  '/old',
  '/d',
  '/old/work/a',
  '../a',
  '/..',
];

const placePath = fc.constantFrom(...PLACES);
const anyPath = fc.oneof(
  { weight: 6, arbitrary: placePath },
  { weight: 1, arbitrary: fc.constantFrom(...ODD_PLACES) },
);
const slot = fc.nat(5);
const slotPath = slot.map((n): OpArg => ({ slotPath: n }));
const dirfd = fc.oneof(
  { weight: 2, arbitrary: fc.constant<OpArg>(-100) },
  { weight: 1, arbitrary: slot.map((n): OpArg => ({ slot: n })) },
);
const target = fc.oneof(
  { weight: 6, arbitrary: anyPath as fc.Arbitrary<OpArg> },
  { weight: 1, arbitrary: slotPath },
);
const relative = fc.constantFrom(
  'a',
  'b',
  'd',
  'a/d',
  'new',
  '..',
  '.',
  'l',
  'f',
  '/work/a',
  '../b',
  'd/e',
  '',
);
const some = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const bitsOf = (...bits: readonly number[]): fc.Arbitrary<number> =>
  fc
    .subarray([...bits], { minLength: 0, maxLength: 2 })
    .map((chosen) => chosen.reduce((sum, bit) => (sum | bit) >>> 0, 0));

const op = (call: Op['call'], ...args: readonly fc.Arbitrary<OpArg>[]): fc.Arbitrary<Op> =>
  fc.tuple(...args).map((given) => ({ call, args: given }));
const fixed = (arg: OpArg): fc.Arbitrary<OpArg> => fc.constant(arg);
const any = (arbitrary: fc.Arbitrary<OpArg>): fc.Arbitrary<OpArg> => arbitrary;

const MS_FLAGS = [
  M.MS_RDONLY,
  M.MS_NOSUID,
  M.MS_NODEV,
  M.MS_NOATIME,
  M.MS_STRICTATIME,
  M.MS_NOSYMFOLLOW,
  M.MS_NODIRATIME,
];
const ATTRS = [
  M.MOUNT_ATTR_RDONLY,
  M.MOUNT_ATTR_NOSUID,
  M.MOUNT_ATTR_NODEV,
  M.MOUNT_ATTR_NOSYMFOLLOW,
  M.MOUNT_ATTR_NODIRATIME,
];
const PROPAGATION = [
  M.MS_SHARED,
  M.MS_SHARED,
  M.MS_SHARED,
  M.MS_SLAVE,
  M.MS_SLAVE,
  M.MS_PRIVATE,
  M.MS_UNBINDABLE,
];
const RESOLVE = [
  F.RESOLVE_NO_XDEV,
  F.RESOLVE_NO_MAGICLINKS,
  F.RESOLVE_NO_SYMLINKS,
  F.RESOLVE_BENEATH,
  F.RESOLVE_IN_ROOT,
];

const openFlags = fc.oneof(
  {
    weight: 6,
    arbitrary: some<number>(
      F.O_PATH,
      flags(F.O_PATH, F.O_DIRECTORY),
      flags(F.O_PATH, F.O_NOFOLLOW),
    ),
  },
  {
    weight: 3,
    arbitrary: some<number>(
      F.O_RDONLY,
      flags(F.O_RDONLY, F.O_DIRECTORY),
      F.O_NOFOLLOW,
      F.O_WRONLY,
      F.O_RDWR,
      flags(F.O_WRONLY, F.O_TRUNC),
    ),
  },
);
const openHow = fc
  .tuple(openFlags, bitsOf(...RESOLVE))
  .map(([wanted, resolve]): OpArg => ({ flags: wanted, resolve }));
const createHow = fc
  .tuple(
    some<number>(
      flags(F.O_CREAT, F.O_WRONLY),
      flags(F.O_CREAT, F.O_EXCL, F.O_RDWR),
      flags(F.O_CREAT, F.O_TRUNC, F.O_WRONLY),
    ),
    bitsOf(...RESOLVE),
  )
  .map(([wanted, resolve]): OpArg => ({ flags: wanted, mode: 0o640, resolve }));
const atPair = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constant<OpArg>(-100), anyPath as fc.Arbitrary<OpArg>) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      slot.map((n): OpArg => ({ slot: n })),
      relative as fc.Arbitrary<OpArg>,
    ),
  },
);
const at = (call: Op['call'], ...rest: readonly fc.Arbitrary<OpArg>[]): fc.Arbitrary<Op> =>
  fc.tuple(atPair, ...rest).map(([pair, ...more]) => ({ call, args: [...pair, ...more] }));
const attr = fc
  .tuple(
    bitsOf(...ATTRS),
    bitsOf(...ATTRS),
    some<number>(0, 0, 0, ...PROPAGATION),
    some<readonly [number, number]>(
      [0, 0],
      [0, 0],
      [M.MOUNT_ATTR_NOATIME, M.MOUNT_ATTR__ATIME],
      [M.MOUNT_ATTR_STRICTATIME, M.MOUNT_ATTR__ATIME],
    ),
  )
  .map(([set, clear, propagation, [atime, mask]]): OpArg => ({
    attr_set: set | atime,
    attr_clr: clear | mask,
    propagation,
  }));
const recurse = some<number>(0, M.MS_REC);

/** A detached tmpfs: three calls that are of no use apart. */
const detachedTmpfs: fc.Arbitrary<readonly Op[]> = bitsOf(...ATTRS).map((attributes) => [
  { call: 'fsopen', args: ['tmpfs', 1] },
  { call: 'fsconfig', args: [{ slot: -2 }, M.FSCONFIG_CMD_CREATE, null, null, 0] },
  { call: 'fsmount', args: [{ slot: -2 }, 1, attributes] },
]);

const files: readonly (readonly [number, fc.Arbitrary<Op>])[] = [
  [4, at('mkdirat', some(0o755, 0o700, 0o1777))],
  [1, at('mknodat', some(F.S_IFIFO | 0o644, F.S_IFREG | 0o600), fixed({ major: 0, minor: 0 }))],
  [
    1,
    fc
      .tuple(some('a', '../b', '/work/c', 'nowhere', '..'), atPair)
      .map(([text, pair]): Op => ({ call: 'symlinkat', args: [text, ...pair] })),
  ],
  [3, at('unlinkat', some(0, F.AT_REMOVEDIR as number, F.AT_REMOVEDIR as number))],
  [7, at('openat2', openHow)],
  [2, at('openat2', createHow)],
  [
    1,
    op(
      'openat2',
      fixed(-100),
      some('/proc/thread-self/ns/mnt', '/proc/self/ns/mnt'),
      fixed({ flags: F.O_RDONLY }),
    ),
  ],
  [
    2,
    at(
      'statx',
      some(0, F.AT_SYMLINK_NOFOLLOW as number, F.AT_EMPTY_PATH as number),
      fixed(F.STATX_BASIC_STATS),
    ),
  ],
  [1, at('readlinkat')],
  [
    1,
    op(
      'fstatfs',
      slot.map((n): OpArg => ({ slot: n })),
    ),
  ],
  [
    1,
    op(
      'write',
      slot.map((n): OpArg => ({ slot: n })),
      fixed({ text: 'text' }),
    ),
  ],
  [
    1,
    op(
      'read',
      slot.map((n): OpArg => ({ slot: n })),
      fixed(64),
    ),
  ],
  [
    1,
    op(
      'fchmod',
      slot.map((n): OpArg => ({ slot: n })),
      some(0o755, 0o700, 0o600),
    ),
  ],
  [
    1,
    at(
      'fchownat',
      some(-1, 0, 7),
      some(-1, 0, 7),
      some(0, F.AT_SYMLINK_NOFOLLOW as number, F.AT_EMPTY_PATH as number),
    ),
  ],
];

const places: readonly (readonly [number, fc.Arbitrary<Op>])[] = [
  [
    3,
    op(
      'close',
      slot.map((n): OpArg => ({ slot: n })),
    ),
  ],
  [2, op('chdir', target)],
  [
    2,
    op(
      'fchdir',
      slot.map((n): OpArg => ({ slot: n })),
    ),
  ],
  [2, op('getcwd')],
  [1, op('umask', some(0, 0o022, 0o077))],
  [
    1,
    op(
      'fcntl',
      slot.map((n): OpArg => ({ slot: n })),
      some<number>(F.F_DUPFD, F.F_DUPFD_CLOEXEC),
      fixed(0),
    ),
  ],
];

const mounts: readonly (readonly [number, fc.Arbitrary<Op>])[] = [
  [
    5,
    op(
      'mount',
      fixed('tmpfs'),
      target,
      fixed('tmpfs'),
      bitsOf(...MS_FLAGS),
      some('', 'size=64k', 'mode=700'),
    ),
  ],
  [
    7,
    op(
      'mount',
      target,
      target,
      fixed(''),
      recurse.map((bit) => (bit | M.MS_BIND) as OpArg),
      fixed(''),
    ),
  ],
  [
    8,
    op(
      'mount',
      fixed(''),
      target,
      fixed(''),
      fc.tuple(some<number>(...PROPAGATION), recurse).map(([kind, rec]): OpArg => kind | rec),
      fixed(''),
    ),
  ],
  [4, op('mount', target, target, fixed(''), fixed(M.MS_MOVE), fixed(''))],
  [
    3,
    op(
      'mount',
      fixed(''),
      target,
      fixed(''),
      bitsOf(...MS_FLAGS).map((bits): OpArg => bits | M.MS_BIND | M.MS_REMOUNT),
      fixed(''),
    ),
  ],
  [
    1,
    op(
      'mount',
      fixed(''),
      target,
      fixed(''),
      bitsOf(...MS_FLAGS).map((bits): OpArg => bits | M.MS_REMOUNT),
      some('', 'size=128k', 'nonsense'),
    ),
  ],
  [
    7,
    op(
      'umount2',
      target,
      some<number>(0, 0, M.MNT_DETACH, M.MNT_DETACH, M.MNT_DETACH, M.UMOUNT_NOFOLLOW),
    ),
  ],
  [
    5,
    at(
      'open_tree',
      some<number>(
        M.OPEN_TREE_CLONE,
        flags(M.OPEN_TREE_CLONE, M.OPEN_TREE_AT_RECURSIVE),
        0,
        flags(M.OPEN_TREE_CLONE, M.OPEN_TREE_AT_EMPTY_PATH),
        flags(M.OPEN_TREE_CLONE, M.OPEN_TREE_AT_RECURSIVE, M.OPEN_TREE_AT_EMPTY_PATH),
      ),
    ),
  ],
  [
    4,
    op(
      'move_mount',
      slot.map((n): OpArg => ({ slot: n })),
      fixed(''),
      dirfd,
      any(anyPath),
      moveFlags(M.MOVE_MOUNT_F_EMPTY_PATH),
    ),
  ],
  [3, op('move_mount', dirfd, any(anyPath), dirfd, any(anyPath), moveFlags(0))],
  [
    2,
    op(
      'move_mount',
      slot.map((n): OpArg => ({ slot: n })),
      fixed(''),
      slot.map((n): OpArg => ({ slot: n })),
      fixed(''),
      moveFlags(M.MOVE_MOUNT_F_EMPTY_PATH | M.MOVE_MOUNT_T_EMPTY_PATH),
    ),
  ],
  [
    5,
    at(
      'mount_setattr',
      some<number>(0, F.AT_RECURSIVE, F.AT_EMPTY_PATH, F.AT_EMPTY_PATH | F.AT_RECURSIVE),
      attr,
    ),
  ],
  [1, op('unshare', fixed(CLONE_NEWNS))],
  [
    2,
    op(
      'setns',
      slot.map((n): OpArg => ({ slot: n })),
      fixed(CLONE_NEWNS),
    ),
  ],
];

function moveFlags(always: number): fc.Arbitrary<OpArg> {
  return some<number>(
    0,
    0,
    0,
    M.MOVE_MOUNT_BENEATH,
    M.MOVE_MOUNT_SET_GROUP,
    M.MOVE_MOUNT_T_SYMLINKS,
  ).map((bits) => bits | always);
}

const leaving: readonly (readonly [number, fc.Arbitrary<Op>])[] = [
  // Most paths lead nowhere after these: seldom, or nothing else would come of a sequence.
  [2, op('chroot', target)],
  [4, op('pivot_root', target, target)],
];

const single = fc.oneof(
  ...[...files, ...places, ...mounts].map(([weight, arbitrary]) => ({
    weight: 3 * weight,
    arbitrary,
  })),
  ...leaving.map(([weight, arbitrary]) => ({ weight, arbitrary })),
);
const step: fc.Arbitrary<readonly Op[]> = fc.oneof(
  { weight: 60, arbitrary: single.map((one): readonly Op[] => [one]) },
  { weight: 1, arbitrary: detachedTmpfs },
);

/** Sequences of up to so many steps. */
export function opSequences(maxLength: number): fc.Arbitrary<readonly (readonly Op[])[]> {
  return fc.array(step, { minLength: 1, maxLength, size: 'max' });
}
