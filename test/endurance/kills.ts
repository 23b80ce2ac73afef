import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { inOwnNamespace } from '../attacks/in-own-namespace.js';
import type { KillOutcome } from './kill-child.js';

// npm run kills [-- --runs N --seed N --json FILE]

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '500' },
    seed: { type: 'string', default: '20161' },
    json: { type: 'string' },
  },
});
const order = { runs: Number(values.runs), seed: Number(values.seed) };
const outcome = JSON.parse(
  inOwnNamespace(new URL('kill-child.js', import.meta.url), order),
) as KillOutcome;
for (const change of outcome.changes) console.log(change);
console.log(
  `${outcome.runs} runs killed at a random moment (seed ${outcome.seed}), ${outcome.early} before their command ran; ` +
    `${outcome.changes.length} changes to mounts, loop devices, terminals, canary and processes`,
);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(outcome)}\n`);
process.exitCode = outcome.changes.length === 0 ? 0 : 1;
