import { basename } from 'node:path';
import type { AttackCase, CaseOutcome, ReplayEnd, SetUps } from './attack-case.js';
import type { Battlefield } from './battlefield.js';
import { attackRoot, type RunOnRoot } from './corpus.js';
import { KnownSetUp } from './known-set-up.js';

/**
 * Runs one case on a root that was benign until the set-up was replayed there: the replay meets the
 * shape. Then the hostile root is recorded and replayed itself. What comes of it all has to be what
 * comes of the steps, on such a root.
 */
export function attackReplayed(field: Battlefield, attackCase: AttackCase): CaseOutcome {
  const replayed = attackKnown(field, attackCase, 'replayed');
  const live = attackKnown(field, attackCase, 'live');
  const [expected, found] = [live.error ?? 'success', replayed.error ?? 'success'];
  const differs = found === expected ? [] : [`ends with ${found}, but live with ${expected}`];
  return {
    ...replayed,
    escapes: [...replayed.escapes, ...live.escapes],
    complaints: [...replayed.complaints, ...live.complaints, ...differs],
  };
}

function attackKnown(field: Battlefield, attackCase: AttackCase, setUps: SetUps): CaseOutcome {
  const root = field.makeRoot();
  const known = new KnownSetUp(field, attackCase.way, root, setUps);
  if (setUps === 'replayed') known.learn();
  else known.run(() => undefined);
  const ends: (ReplayEnd | undefined)[] = [];
  const run: RunOnRoot = (inside) => {
    try {
      known.run(inside);
    } finally {
      ends.push(known.lastReplay);
    }
  };
  const outcome = attackRoot(field, attackCase, root, [run, run, run]);
  const { error, ...rest } = outcome;
  const [replay] = ends;
  return {
    ...rest,
    // Each root has a name of its own.
    ...(error === undefined ? {} : { error: error.replaceAll(basename(root), 'root-0') }),
    ...(replay === undefined ? {} : { replay }),
  };
}
