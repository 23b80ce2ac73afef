import { Player, type Op } from '../../fuzz/op.js';
import type { ContractCase } from '../contract-case.js';
import type { Caller } from '../world.js';
import { layOut } from '../../fuzz/landscape.js';

/** What the fuzzer found model and kernel to disagree about, shrunk, and mended since. */
interface Regression {
  readonly name: string;
  readonly caller?: Caller;
  readonly ops: readonly Op[];
}

const NAMESPACE: Op = { call: 'openat2', args: [-100, '/proc/thread-self/ns/mnt', { flags: 0 }] };
const DETACHED: readonly Op[] = [
  { call: 'fsopen', args: ['tmpfs', 1] },
  { call: 'fsconfig', args: [{ slot: -2 }, 6, null, null, 0] },
  { call: 'fsmount', args: [{ slot: -2 }, 1, 0] },
];

const REGRESSIONS: readonly Regression[] = [
  {
    name: 'the mode of a file that no path leads to cannot be changed',
    ops: [...DETACHED, { call: 'fchmod', args: [{ slot: 0 }, 493] }],
  },
  {
    name: 'the propagation of a detached tree can be changed',
    ops: [
      { call: 'open_tree', args: [-100, '/', 1] },
      { call: 'mount', args: ['', { slotPath: 0 }, '', 1048576, ''] },
      { call: 'open_tree', args: [-100, '/work', 1] },
      { call: 'move_mount', args: [{ slot: 0 }, '', -100, '/work', 4] },
    ],
  },
  {
    name: 'a directory is not moved onto a descriptor that is none: EINVAL before ENOENT',
    ops: [...DETACHED, { call: 'mount', args: ['/work', { slotPath: 0 }, '', 8192, ''] }],
  },
  {
    name: 'a mount namespace ends with the last process in it',
    ops: [
      { call: 'openat2', args: [-100, '/work', { flags: 2097152, resolve: 0 }] },
      { call: 'unshare', args: [131072] },
      { call: 'move_mount', args: [{ slot: 0 }, '', { slot: 0 }, '', 68] },
      { call: 'mount', args: [{ slotPath: 0 }, { slotPath: 0 }, '', 4096, ''] },
    ],
  },
  {
    name: 'a directory that was removed is not mounted',
    ops: [
      { call: 'open_tree', args: [-100, '/work/a/d/e', 1] },
      { call: 'unlinkat', args: [-100, '/work/a/d/e', 512] },
      { call: 'mount', args: [{ slotPath: 0 }, '/work', '', 8192, ''] },
    ],
  },
  {
    name: 'files that stand for namespaces',
    ops: [
      NAMESPACE,
      { call: 'read', args: [{ slot: 0 }, 64] },
      { call: 'fstatfs', args: [{ slot: 0 }] },
      { call: 'fchmod', args: [{ slot: 0 }, 493] },
      { call: 'mount', args: [{ slotPath: 0 }, '/work', '', 4096, ''] },
      { call: 'fchownat', args: [{ slot: 0 }, '', -1, -1, 4096] },
      { call: 'fchownat', args: [{ slot: 0 }, '', -1, 0, 4096] },
    ],
  },
  {
    name: 'beneath a mount of a directory that was removed',
    ops: [
      { call: 'mount', args: ['/work/a/d/e', '/work/b/d', '', 4096, ''] },
      { call: 'unlinkat', args: [-100, '/work/a/d/e', 512] },
      { call: 'move_mount', args: [-100, '/work', -100, '/work/b/d', 512] },
    ],
  },
  {
    name: 'beneath a mount that was unmounted',
    ops: [
      { call: 'umount2', args: ['.', 2] },
      { call: 'move_mount', args: [-100, '', -100, '', 580] },
    ],
  },
  {
    name: 'beneath a detached tree of a directory that was removed',
    ops: [
      { call: 'open_tree', args: [-100, '/work/a/d/e', 1] },
      { call: 'unlinkat', args: [-100, '/work/a/d/e', 512] },
      { call: 'move_mount', args: [{ slot: 0 }, '', { slot: 0 }, '', 580] },
    ],
  },
  {
    name: 'an id that is not mapped comes before what cannot be changed',
    caller: 'user-namespace',
    ops: [...DETACHED, { call: 'fchownat', args: [{ slot: 0 }, '', -1, 7, 4096] }],
  },
];

/** The same as cases of the contract. */
export const REGRESSION_CASES: readonly ContractCase[] = REGRESSIONS.map(
  ({ name, caller, ops }) => ({
    name: `regression: ${name}`,
    ...(caller === undefined ? {} : { caller }),
    run(t) {
      layOut(t.sys);
      const player = new Player(t.sys);
      for (const op of ops) t.note(`${op.call}: ${player.play(op)}`);
      player.closeAll();
    },
  }),
);
