import { MOUNT_PROPAGATION, type MountAttributes, type MountPropagation } from 'nsinit';

/** What the options of a mount ask for, sorted by who carries it out. */
export interface MountPlan {
  /** `bind`, or `rbind` with what is mounted below the source. */
  readonly bind?: 'bind' | 'rbind';
  /** Changes what is mounted at the destination instead of mounting something. */
  readonly remount: boolean;
  /** Of the mount itself; `false` where an option takes something back (`rw`, `dev`, …). */
  readonly attributes: MountAttributes;
  /** Of the mount and everything below it (`rro`, `rnosuid`, …). */
  readonly recursive: MountAttributes;
  /** In the order in which they were listed. */
  readonly propagation: readonly MountPropagation[];
  /** Flags of the file system and not of the mount, by the names of fsconfig(2). */
  readonly superblock: readonly string[];
  readonly idmap?: 'idmap' | 'ridmap';
  /** Fills a new tmpfs with what it covers. */
  readonly copyUp: boolean;
  /** What is left: options of the file system itself. */
  readonly data: readonly string[];
  /** Options that are taken and change nothing. */
  readonly without: readonly string[];
}

type Draft = { -readonly [K in keyof MountPlan]: MountPlan[K] };
type Apply = (plan: Draft) => void;
type Change = MountAttributes;

const one =
  (change: Change): Apply =>
  (plan) => {
    plan.attributes = { ...plan.attributes, ...change };
  };
const all =
  (change: Change): Apply =>
  (plan) => {
    plan.recursive = { ...plan.recursive, ...change };
  };
const superblock =
  (name: string): Apply =>
  (plan) => {
    plan.superblock = [...plan.superblock, name];
  };
const nothing: Apply = () => undefined;

/** Attributes of mount_setattr(2), each as set by one word and taken back by another. */
const ATTRIBUTE_WORDS: readonly (readonly [
  set: string,
  clear: string,
  set: Change,
  clear: Change,
])[] = [
  ['ro', 'rw', { readonly: true }, { readonly: false }],
  ['nosuid', 'suid', { nosuid: true }, { nosuid: false }],
  ['nodev', 'dev', { nodev: true }, { nodev: false }],
  ['noexec', 'exec', { noexec: true }, { noexec: false }],
  ['nosymfollow', 'symfollow', { nosymfollow: true }, { nosymfollow: false }],
  ['nodiratime', 'diratime', { nodiratime: true }, { nodiratime: false }],
  // Without its own mode a mount is relatime (mount(2)).
  ['noatime', 'atime', { atime: 'noatime' }, { atime: 'relatime' }],
  ['strictatime', 'nostrictatime', { atime: 'strictatime' }, { atime: 'relatime' }],
  ['relatime', 'norelatime', { atime: 'relatime' }, {}],
];

const OPTIONS: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  ...ATTRIBUTE_WORDS.flatMap(([set, clear, on, off]): (readonly [string, Apply])[] => [
    [set, one(on)],
    [clear, one(off)],
    [`r${set}`, all(on)],
    [`r${clear}`, all(off)],
  ]),
  ...MOUNT_PROPAGATION.map((mode): readonly [string, Apply] => [
    mode,
    (plan) => {
      plan.propagation = [...plan.propagation, mode];
    },
  ]),
  ['bind', (plan) => (plan.bind ??= 'bind')],
  ['rbind', (plan) => (plan.bind = 'rbind')],
  ['remount', (plan) => (plan.remount = true)],
  ['idmap', (plan) => (plan.idmap ??= 'idmap')],
  ['ridmap', (plan) => (plan.idmap = 'ridmap')],
  ['tmpcopyup', (plan) => (plan.copyUp = true)],
  ...['sync', 'async', 'dirsync', 'lazytime', 'nolazytime', 'mand', 'nomand'].map(
    (name): readonly [string, Apply] => [name, superblock(name)],
  ),
  ['defaults', nothing],
  // About the kernel's log, which the mount calls by descriptor do not write to.
  ['silent', nothing],
  ['loud', nothing],
]);

// MS_I_VERSION can be given to mount(2) alone; file systems that count versions do so by default.
const WITHOUT_EFFECT: ReadonlySet<string> = new Set(['iversion', 'noiversion']);

/** Every option name that is known, as the specification spells it. */
export const MOUNT_OPTION_NAMES: readonly string[] = [...OPTIONS.keys(), ...WITHOUT_EFFECT].sort();

/** Sorts the options of a mount; one that is no known word belongs to the file system. */
export function planMountOptions(options: readonly string[]): MountPlan {
  const plan: Draft = {
    remount: false,
    attributes: {},
    recursive: {},
    propagation: [],
    superblock: [],
    copyUp: false,
    data: [],
    without: [],
  };
  for (const option of options) {
    const apply = OPTIONS.get(option);
    if (apply !== undefined) apply(plan);
    else if (WITHOUT_EFFECT.has(option)) plan.without = [...plan.without, option];
    else plan.data = [...plan.data, ...splitData(option)];
  }
  return plan;
}

/** The file system's options as fsconfig(2) takes them: by name, `true` for one without a value. */
export function dataOptions(data: readonly string[]): Record<string, string | true> {
  return Object.fromEntries(
    data.map((item): [string, string | true] => {
      const equals = item.indexOf('=');
      return equals < 0 ? [item, true] : [item.slice(0, equals), item.slice(equals + 1)];
    }),
  );
}

/** At commas, as mount(2) takes data apart; overlayfs has escaped ones in its paths. */
function splitData(text: string): string[] {
  const items = text.match(/(?:\\.|[^,\\])+/g);
  return items ?? [];
}
