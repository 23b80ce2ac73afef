// How long each step of the standard set-up takes, in a warm process, as in the comparison with C.
// Usage: npm run bench:profile
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBenchRoot } from './bench-root.mjs';
import { presetSetUp, runSetUps } from './set-up.mjs';
import { median } from './statistics.mjs';

const ROUNDS = 2000;
const WARM_UP = 1000;

const scratch = mkdtempSync(join(tmpdir(), 'nsinit-profile-'));
try {
  const setUp = presetSetUp('standard', {}, makeBenchRoot(join(scratch, 'root')));
  const micros = new Map([['in all', []]]);
  runSetUps(ROUNDS, (syscalls, context, round) => {
    const started = performance.now();
    const { steps } = setUp(syscalls, context);
    const all = { step: 'in all', micros: (performance.now() - started) * 1000 };
    if (round < WARM_UP) return;
    for (const { step, micros: time } of [...steps, all]) {
      if (!micros.has(step)) micros.set(step, []);
      micros.get(step).push(time);
    }
  });
  for (const [step, times] of micros) console.log(`| ${step} | ${median(times).toFixed(0)} |`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
