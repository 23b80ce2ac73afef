import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pipelineSetUp } from '../../src/runtime/pipeline-set-up.js';
import { replayedSetUp } from '../../src/runtime/replayed-set-up.js';
import { createPreset, type PresetName, type PresetOptions } from '../../src/steps/presets.js';
import type { Fd } from '../../src/syscalls/descriptor.js';
import { LinuxSyscalls } from '../../src/syscalls/linux.js';
import type { MountFlags, UmountFlags } from '../../src/syscalls/mount-flags.js';
import { hostPath, sourceName } from '../../src/syscalls/paths.js';
import { compileReplay } from '../../src/syscalls/replay/compile-replay.js';
import { RecordingSyscalls } from '../../src/syscalls/replay/recording-syscalls.js';
import { ResumingSyscalls } from '../../src/syscalls/replay/resuming-syscalls.js';
import type { ReplayEngine } from '../../src/syscalls/transport.js';
import { spoil } from './spoil-replay.js';
import { SetUpArena, type SetUpResult } from './set-up-arena.js';

// Run by replayed-set-up.test.ts in a mount namespace of its own; prints an object of JSON a line.

/** What the child is to do. */
export interface Order {
  readonly base: string;
  readonly part: 'same' | 'stops' | 'changes';
  /** Of the operations at which it is stopped, each that many. */
  readonly each?: number;
}

/** Two results that have to be the same. */
export interface Compared {
  readonly name: string;
  readonly live: SetUpResult;
  readonly other: SetUpResult;
}

const PRESETS: readonly (readonly [PresetName, PresetOptions])[] = [
  ['standard', {}],
  ['standard', { readonly: true, mounts: [{ tmpfs: '/tmp' }] }],
  ['standard', { noPivot: true }],
  ['standard', { propagation: 'rprivate', verify: false }],
  ['standard', { propagation: 'rshared' }],
  ['standard', { loopDevices: true }],
  ['standard', { throwaway: true }],
  ['classic', {}],
  ['classic', { noPivot: true }],
];

const tell = (line: Compared): void => void writeSync(1, `${JSON.stringify(line)}\n`);

function setUps(arena: SetUpArena, preset: PresetName, options: PresetOptions) {
  // Forced, as a recording is: which mount namespace this is has been looked at before.
  const given = { force: true, ...(options.throwaway === true ? {} : { rootfs: arena.rootfs }) };
  // A copy of the machine covers where they are.
  const own = [
    { bind: arena.source, target: '/data', readonly: true },
    { bind: join(arena.source, 'file'), target: '/etc/given' },
  ];
  const mounts = [...(options.throwaway === true ? [] : own), ...(options.mounts ?? [])];
  const pipeline = createPreset(preset, { ...options, mounts });
  return { live: pipelineSetUp(pipeline, given), replayed: replayedSetUp(pipeline, given) };
}

/** A set-up that is replayed, against one that is run. */
function compareSame(arena: SetUpArena): void {
  for (const [preset, options] of PRESETS) {
    arena.reset();
    const { live, replayed } = setUps(arena, preset, options);
    for (let run = 0; run < 3; run += 1) arena.run(replayed);
    const other = arena.run(replayed);
    tell({ name: `${preset} ${JSON.stringify(options)}`, live: arena.run(live), other });
  }
}

/** Stopped at an operation, as if that had been answered otherwise, it has to come to the same. */
function compareStops(arena: SetUpArena, each: number): void {
  for (const [preset, options] of [PRESETS[0], PRESETS[1], PRESETS[7]] as typeof PRESETS) {
    arena.reset();
    const { live } = setUps(arena, preset, options);
    const stop = stopper(arena, live);
    const expected = arena.run(live);
    for (let op = 0; op < stop.ops; op += each)
      tell({ name: `${preset}, stopped at ${op}`, live: expected, other: stop.at(op) });
  }
}

function stopper(arena: SetUpArena, live: ReturnType<typeof pipelineSetUp>) {
  const engine = (arena.sys as LinuxSyscalls).openReplay() as ReplayEngine;
  for (let run = 0; run < 2; run += 1) arena.run(live);
  const inputs = [arena.context.pidNamespace as Fd];
  const recording = new RecordingSyscalls(arena.sys);
  arena.run(live, recording);
  const replay = compileReplay(recording, inputs);
  const at = (op: number): SetUpResult => {
    const restore = spoil(replay, op);
    return arena.run((syscalls, context) => {
      replay.program.handIn(inputs);
      const done = engine.replay(replay.program.bytes);
      restore();
      if (done !== op) throw new Error(`it stopped at ${done}`);
      const resuming = new ResumingSyscalls(syscalls, replay, done, []);
      try {
        return live(resuming, context);
      } finally {
        resuming.closeUnclaimed();
      }
    });
  };
  return { ops: replay.ops.length, at };
}

type Change = (arena: SetUpArena) => void;

const inRoot = ({ rootfs }: SetUpArena, name: string): string => join(rootfs, name);
const remove = (path: string): void => rmSync(path, { recursive: true });

const CHANGES: Readonly<Record<string, Change>> = {
  'nothing is different': () => undefined,
  'a directory is missing': (arena) => remove(inRoot(arena, 'sys')),
  'a directory is a link': (arena) => {
    remove(inRoot(arena, 'proc'));
    symlinkSync('sys', inRoot(arena, 'proc'));
  },
  'a directory is a file': (arena) => {
    remove(inRoot(arena, 'dev'));
    writeFileSync(inRoot(arena, 'dev'), '');
  },
  'the root is missing': ({ rootfs }) => remove(rootfs),
  'the root is a file': ({ rootfs }) => {
    remove(rootfs);
    writeFileSync(rootfs, '');
  },
  'the root is another': (arena) => {
    renameSync(arena.rootfs, `${arena.rootfs}.old`);
    mkdirSync(arena.rootfs);
    remove(`${arena.rootfs}.old`);
  },
  'the root is a mount': ({ sys, rootfs }) =>
    sys.mount(sourceName('other'), hostPath(rootfs), 'tmpfs', 0 as MountFlags, 'mode=755'),
  'a place for a mount is a link to the root': (arena) => {
    remove(inRoot(arena, 'data'));
    symlinkSync('.', inRoot(arena, 'data'));
  },
  'a place for a mount is a file': (arena) => {
    remove(inRoot(arena, 'data'));
    writeFileSync(inRoot(arena, 'data'), '');
  },
  'what is bound is missing': ({ source }) => remove(source),
  'what is bound is a file': ({ source }) => {
    remove(source);
    writeFileSync(source, '');
  },
  'what is bound has a mount below it': ({ sys, source }) => {
    mkdirSync(join(source, 'below'));
    sys.mount(sourceName('x'), hostPath(join(source, 'below')), 'tmpfs', 0 as MountFlags, '');
  },
};

/** Something has changed since it was recorded: it has to come to what a first run comes to. */
function compareChanges(arena: SetUpArena): void {
  for (const [preset, options] of [PRESETS[0], PRESETS[7]] as typeof PRESETS)
    for (const [name, change] of Object.entries(CHANGES)) {
      const { live, replayed } = setUps(arena, preset, options);
      const prepared = (): void => {
        arena.reset();
        for (let run = 0; run < 3; run += 1) arena.run(replayed);
        change(arena);
      };
      prepared();
      const other = arena.run(replayed);
      undo(arena);
      prepared();
      tell({ name: `${preset}: ${name}`, live: arena.run(live), other });
      undo(arena);
    }
}

/** Mounts that a change has made. */
function undo({ sys, rootfs, source }: SetUpArena): void {
  for (const path of [rootfs, join(source, 'below')]) {
    try {
      sys.umount2(hostPath(path), 0 as UmountFlags);
    } catch {
      // It is none.
    }
  }
}

const { base, part, each = 1 } = JSON.parse(process.argv[3] as string) as Order;
const arena = new SetUpArena(base);
if (part === 'same') compareSame(arena);
else if (part === 'stops') compareStops(arena, each);
else compareChanges(arena);
process.exit(0);
