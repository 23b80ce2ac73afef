import { writeSync } from 'node:fs';
import type { CaseOutcome, SetUps, Way } from './attack-case.js';
import { Attacker } from './attacker.js';
import { Battlefield } from './battlefield.js';
import { attack, CORPUS, inTurn } from './corpus.js';
import { withNaiveStep } from './naive.js';
import { race, RACES, type RaceOutcome } from './races.js';
import { attackReplayed } from './replayed-corpus.js';

/** What the child is to do. */
export interface Campaign {
  /** An empty directory. */
  readonly base: string;
  readonly setUps: SetUps;
  /** Each case and each race against all presets, or each against one of them in turn. */
  readonly against: 'all' | 'in turn';
  /** Cases whose place starts with this; all unless given. */
  readonly cases?: string | undefined;
  /** Races for names that start with this; all unless given. */
  readonly races?: string | undefined;
  /** How many pipelines are run while names are exchanged, in all. */
  readonly rounds: number;
  /** With a step that can be tricked: something has to be found. */
  readonly naive?: boolean;
}

/** A line of what it prints. */
export type Result =
  | { readonly kind: 'case'; readonly outcome: CaseOutcome }
  | { readonly kind: 'race'; readonly outcome: RaceOutcome };

function run({ base, setUps, against, rounds, ...rest }: Campaign): void {
  const { cases = '', races = '', naive = false } = rest;
  const field = new Battlefield(base, naive ? withNaiveStep : undefined);
  const chosen = <T extends { readonly way: Way }>(list: readonly T[]): readonly T[] =>
    against === 'all' ? list : inTurn(list);
  const attackOne = setUps === 'live' ? attack : attackReplayed;
  for (const attackCase of chosen(CORPUS)) {
    if (attackCase.place.path.startsWith(cases))
      tell({ kind: 'case', outcome: attackOne(field, attackCase) });
  }
  if (rounds === 0) return;
  const raced = chosen(RACES).filter(({ path }) => path.startsWith(races));
  const share = Math.ceil(rounds / raced.length);
  const attacker = new Attacker(base);
  for (const each of raced)
    tell({ kind: 'race', outcome: race(field, attacker, each, share, setUps) });
  attacker.end();
}

function tell(result: Result): void {
  writeSync(1, `${JSON.stringify(result)}\n`);
}

run(JSON.parse(process.argv[3] as string) as Campaign);
