import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Caller } from '../contract/world.js';
import { runFuzz, type FuzzSummary } from './run-fuzz.js';

// npm run fuzz -- --runs N [--seed S] [--length L] [--json FILE]
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    length: { type: 'string', default: '40' },
    json: { type: 'string' },
  },
});
const seed = Number(values.seed);
const length = Number(values.length);
const runs = Number(values.runs);

// Root gets the larger half: it is refused less.
const shares: readonly (readonly [Caller, number])[] = [
  ['root', Math.ceil(runs * 0.6)],
  ['user-namespace', Math.floor(runs * 0.4)],
];
const results = await Promise.all(
  shares.map(async ([caller, share]) => ({
    caller,
    result: await runFuzz(caller, { runs: share, seed, length }),
  })),
);
const summaries: FuzzSummary[] = [];
for (const { caller, result } of results) {
  if ('unavailable' in result) console.log(`${caller}: not run: ${result.unavailable}`);
  else summaries.push(result);
}
for (const summary of summaries) report(summary);
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify(summaries, undefined, 2)}\n`);
const disagreements = summaries.filter((summary) => summary.disagreement !== undefined).length;
const total = (of: (summary: FuzzSummary) => number): number =>
  summaries.reduce((sum, one) => sum + of(one), 0);
console.log(
  `fuzz: ${total((s) => s.runs)} sequences, ${total((s) => s.calls)} calls, seed ${seed}, ${disagreements} disagreements`,
);
process.exitCode = disagreements === 0 ? 0 : 1;

function report({
  caller,
  runs: done,
  calls,
  unknown,
  succeeded,
  seconds,
  disagreement,
  sequence,
}: FuzzSummary): void {
  const carriedOut = Object.values(succeeded).reduce((sum, count) => sum + count, 0);
  console.log(
    `${caller}: ${done} sequences, ${calls} calls (${carriedOut} carried out), ${unknown} ended at the model's limits, ${seconds} s`,
  );
  if (disagreement === undefined) return;
  console.log(disagreement);
  // As an entry for test/contract/regressions/regressions.ts.
  console.log((sequence ?? []).map((op) => `  ${JSON.stringify(op)},`).join('\n'));
}
