import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { inOwnNamespace } from '../attacks/in-own-namespace.js';
import type { SoakOutcome } from './soak-child.js';
import { leaksOf } from './leaks.js';

// npm run soak [-- --runs N --json FILE]

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '2000' }, json: { type: 'string' } },
});
const order = { runs: Number(values.runs), warmUp: 400 };
const outcome = JSON.parse(
  inOwnNamespace(new URL('soak-child.js', import.meta.url), order),
) as SoakOutcome;
console.log(`before ${JSON.stringify(outcome.before)}`);
console.log(`after  ${JSON.stringify(outcome.after)}`);
const leaks = leaksOf(outcome);
for (const leak of leaks) console.log(leak);
console.log(
  `${outcome.runs} runs in one process (launch, pool, terminal, pipeline, a failing one): ${leaks.length} leaks`,
);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(outcome)}\n`);
process.exitCode = leaks.length === 0 ? 0 : 1;
