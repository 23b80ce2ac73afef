import { join } from 'node:path';
import { WAYS, type ReplayEnd, type SetUps, type Way } from './attack-case.js';
import type { Attacker } from './attacker.js';
import type { Battlefield } from './battlefield.js';
import { KnownSetUp } from './known-set-up.js';
import { lookInside } from './look-inside.js';
import { BIND_DIRECTORY, BIND_FILE, PIVOT_DIRECTORY, PLACES, TMPFS } from './places.js';
import { RacedName, type Decoy } from './raced-name.js';

const DECOYS: readonly Decoy[] = [
  { name: 'a link to a host directory', target: (canary) => join(canary, 'full') },
  { name: 'a link to a host file', target: (canary) => join(canary, 'file') },
  { name: 'a link to /proc', target: () => '/proc' },
];

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
  /** How many rounds were replayed to their end, and in how many the steps had to take over. */
  readonly replays: { readonly finished: number; readonly interrupted: number };
  /** How often the attacker exchanged the names meanwhile. */
  readonly exchanges: number;
  readonly escapes: readonly string[];
  readonly complaints: readonly string[];
  /** One message of those that were refused. */
  readonly example?: string | undefined;
}

/** What `standard` resolves in the image's own tree; the rest is in its own /dev. */
const DIRECTORIES_OF_THE_IMAGE = ['/dev', '/proc', '/sys', '/data', '/data/in'];
const OF_THE_IMAGE = new Set([...DIRECTORIES_OF_THE_IMAGE, BIND_DIRECTORY, BIND_FILE, TMPFS]);

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

// It is soon known as one that is never twice the same, and has to be learnt anew then.
const ROUNDS_OF_A_SET_UP = 8;

/** Runs pipelines while the attacker exchanges a name of theirs. */
export function race(
  field: Battlefield,
  attacker: Attacker,
  { path, decoy, way }: Race,
  rounds: number,
  setUps: SetUps,
): RaceOutcome {
  const raced = new RacedName(field, path, decoy);
  const before = field.hostState();
  const descriptors = field.descriptors();
  const started = attacker.attack(raced.pair);
  const tally = new Tally();
  let runner: Runner = { run: (inside) => field.run(field.pipeline(way), raced.root, inside) };
  for (let round = 0; round < rounds; round += 1) {
    if (setUps === 'replayed' && round % ROUNDS_OF_A_SET_UP === 0) {
      attacker.attack();
      raced.disarm();
      runner = learned(field, way, raced.root);
      attacker.attack(raced.pair);
    }
    raced.arm();
    tally.count(runner, () => lookInside(field, ...raced.roots));
  }
  const exchanges = attacker.attack() - started;
  if (field.descriptors() !== descriptors) tally.complaints.add('left a descriptor open');
  const { succeeded, replays, example } = tally;
  const escapes = [...tally.escapes, ...field.changesSince(before)];
  const complaints = [...tally.complaints];
  raced.remove();
  const name = `${way}: ${path === '' ? 'the root' : path} against ${decoy?.name ?? 'another directory'}`;
  return { name, rounds, succeeded, replays, exchanges, escapes, complaints, example };
}

/** What runs in a round. */
interface Runner {
  run(inside: () => void): void;
  readonly lastReplay?: ReplayEnd | undefined;
}

function learned(field: Battlefield, way: Way, root: string): KnownSetUp {
  const known = new KnownSetUp(field, way, root);
  known.learn();
  return known;
}

/** What came of the rounds of a race. */
class Tally {
  succeeded = 0;
  readonly replays = { finished: 0, interrupted: 0 };
  readonly escapes: string[] = [];
  readonly complaints = new Set<string>();
  example: string | undefined;

  /** Runs a round. @param look finds escapes in the finished root. */
  count(runner: Runner, look: () => readonly string[]): void {
    try {
      runner.run(() => this.escapes.push(...look()));
      this.succeeded += 1;
    } catch (error) {
      this.example = error instanceof Error ? error.message : String(error);
      if (!/root-\d+|\/(dev|proc|sys|data)\b|\.pivot_root0/.test(this.example))
        this.complaints.add(`names no path: ${this.example}`);
    }
    const { lastReplay } = runner;
    if (lastReplay !== undefined) this.replays[lastReplay] += 1;
  }
}
