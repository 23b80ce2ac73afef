import { writeSync } from 'node:fs';
import { ALL_CASES } from './cases/all.js';
import type { Outcome } from './contract-case.js';
import { RealKernel } from './real-kernel.js';
import type { Caller } from './world.js';

// Run by contract.test.ts in a mount namespace of its own; prints a line of JSON for each case.
const caller = process.argv[2] as Caller;
const kernel = new RealKernel(caller);
const only = process.argv[3];
for (const contractCase of ALL_CASES) {
  if ((contractCase.caller ?? caller) !== caller) continue;
  if (only === undefined ? contractCase.isolated === true : contractCase.name !== only) continue;
  const outcome: Outcome = kernel.run(contractCase);
  writeSync(1, `${JSON.stringify({ name: contractCase.name, outcome })}\n`);
}
