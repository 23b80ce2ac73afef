import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { S_IFBLK, S_IFCHR } from '../../src/syscalls/file-flags.js';
import { AT_FDCWD } from '../../src/syscalls/descriptor.js';
import { hostPath } from '../../src/syscalls/paths.js';
import { WAYS, type Way } from './attack-case.js';
import type { Attacker } from './attacker.js';
import type { Battlefield } from './battlefield.js';
import { lookInside } from './look-inside.js';
import { BIND_DIRECTORY, BIND_FILE, PLACES, TMPFS } from './places.js';

/** What a name is exchanged with, over and over. */
const DECOYS = [
  { name: 'a link to a host directory', target: (canary: string) => join(canary, 'full') },
  { name: 'a link to a host file', target: (canary: string) => join(canary, 'file') },
  { name: 'a link to /proc', target: () => '/proc' },
] as const;
type Decoy = (typeof DECOYS)[number];

/** One name under attack. */
export interface Race {
  readonly path: string;
  readonly decoy: Decoy | undefined;
  readonly way: Way;
}

/** What came of a race. */
export interface RaceOutcome {
  readonly name: string;
  readonly rounds: number;
  readonly succeeded: number;
  /** How often the attacker exchanged the names meanwhile. */
  readonly exchanges: number;
  readonly escapes: readonly string[];
  readonly complaints: readonly string[];
  /** One message of those that were refused. */
  readonly example?: string;
}

/** What `standard` resolves in the image's own tree; the rest is in its own /dev. */
const DIRECTORIES_OF_THE_IMAGE = ['/dev', '/proc', '/sys', '/data', '/data/in'];
const OF_THE_IMAGE = new Set([...DIRECTORIES_OF_THE_IMAGE, BIND_DIRECTORY, BIND_FILE, TMPFS]);
const PIVOT_DIRECTORY = '/.pivot_root0';

function isResolved(path: string, way: Way): boolean {
  if (path === PIVOT_DIRECTORY) return way === 'classic';
  return way.startsWith('classic') || OF_THE_IMAGE.has(path);
}

/** Each name that is resolved, against each preset; and the root itself, with another directory. */
export const RACES: readonly Race[] = WAYS.flatMap((way) => [
  { path: '', decoy: undefined, way },
  ...PLACES.filter(({ path }) => isResolved(path, way)).flatMap(({ path }) =>
    DECOYS.map((decoy) => ({ path, decoy, way })),
  ),
]);

const NODES: Readonly<Record<string, readonly [type: number, major: number, minor: number]>> = {
  '/dev/null': [S_IFCHR, 1, 3],
  '/dev/tty': [S_IFCHR, 5, 0],
  '/dev/console': [S_IFCHR, 5, 1],
  '/dev/loop0': [S_IFBLK, 7, 0],
};

/** Runs pipelines while the attacker exchanges a name of theirs. */
export function race(
  field: Battlefield,
  attacker: Attacker,
  run: Race,
  rounds: number,
): RaceOutcome {
  const { path, decoy, way } = run;
  const root = field.makeRoot();
  const pair = [join(root, path), `${join(root, path)}.decoy`] as const;
  const arm = (): void => {
    rearm(field, path, pair, decoy);
  };
  arm();
  const before = field.hostState();
  const started = attacker.attack(pair);
  const escapes: string[] = [];
  const complaints = new Set<string>();
  let succeeded = 0;
  let example: string | undefined;
  for (let round = 0; round < rounds; round += 1) {
    arm();
    try {
      field.run(field.pipeline(way), root, () =>
        escapes.push(...lookInside(field, ...(path === '' ? pair : [root]))),
      );
      succeeded += 1;
    } catch (error) {
      example = error instanceof Error ? error.message : String(error);
      if (!/root-\d+|\/(dev|proc|sys|data)\b|\.pivot_root0/.test(example))
        complaints.add(`names no path: ${example}`);
    }
  }
  const exchanges = attacker.attack() - started;
  escapes.push(...field.changesSince(before));
  field.removeRoot(root);
  field.removeRoot(`${root}.decoy`);
  const name = `${way}: ${path === '' ? 'the root' : path} against ${decoy?.name ?? 'another directory'}`;
  return {
    name,
    rounds,
    succeeded,
    exchanges,
    escapes,
    complaints: [...complaints],
    ...(example === undefined ? {} : { example }),
  };
}

/** Sees to it that both names are there: a step may have removed one. */
function rearm(
  field: Battlefield,
  path: string,
  pair: readonly [string, string],
  decoy: Decoy | undefined,
): void {
  if (path === PIVOT_DIRECTORY) {
    // The step makes it, and takes another name when it is there already.
    while (pair.some((name) => lstatSync(name, { throwIfNoEntry: false }) !== undefined))
      for (const name of pair) removeRaced(field, name);
    symlinkSync((decoy as Decoy).target(field.canary), pair[1]);
    return;
  }
  for (;;) {
    const there = pair.map((name) => lstatSync(name, { throwIfNoEntry: false }));
    const missing = pair[there.indexOf(undefined)];
    if (missing === undefined) return;
    const hasDecoy = there.some((stat) => stat?.isSymbolicLink() === true);
    if (decoy !== undefined && !hasDecoy) symlinkSync(decoy.target(field.canary), missing);
    else makeExpected(field, path, missing);
  }
}

/** Its type may change between two looks at it. */
function removeRaced(field: Battlefield, path: string): void {
  try {
    field.removeRoot(path);
  } catch (error) {
    if (!['EISDIR', 'ENOTDIR', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
  }
}

/** What a step expects there. */
function makeExpected({ sys }: Battlefield, path: string, at: string): void {
  const node = NODES[path];
  if (node !== undefined) {
    const [type, major, minor] = node;
    sys.mknodat(AT_FDCWD, hostPath(at), type | 0o666, { major, minor });
  } else if (path === BIND_FILE) writeFileSync(at, '');
  else mkdirSync(at);
}
