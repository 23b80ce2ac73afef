import { writeSync } from 'node:fs';
import fc from 'fast-check';
import { RealKernel } from '../contract/real-kernel.js';
import type { Caller } from '../contract/world.js';
import { opSequences } from './arbitrary.js';
import { Disagreement, Duel } from './duel.js';
import type { Op } from './op.js';

// Run by fuzz.ts in a mount namespace of its own; prints the outcome as a line of JSON.
const [, , caller = 'root', runs = '100', seed = '1', length = '20'] = process.argv;
const duel = new Duel(new RealKernel(caller as Caller), caller as Caller);
const started = performance.now();
let last: Disagreement | undefined;

const property = fc.property(opSequences(Number(length)), (steps) => {
  try {
    duel.fight(steps.flat());
  } catch (error) {
    if (error instanceof Disagreement) last = error;
    throw error;
  }
});
const outcome = fc.check(property, { numRuns: Number(runs), seed: Number(seed) });
const counterexample = outcome.counterexample?.[0].flat() as readonly Op[] | undefined;
const summary = {
  caller,
  runs: outcome.numRuns,
  calls: duel.calls,
  unknown: duel.unknown,
  succeeded: Object.fromEntries([...duel.succeeded].sort(([a], [b]) => (a < b ? -1 : 1))),
  seed: Number(seed),
  seconds: Number(((performance.now() - started) / 1000).toFixed(1)),
  ...(outcome.failed
    ? { disagreement: String(last?.message ?? outcome.errorInstance), sequence: counterexample }
    : {}),
};
writeSync(1, `${JSON.stringify(summary)}\n`);
