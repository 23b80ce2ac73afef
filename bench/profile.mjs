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

/** Medians in µs by step, and of the whole. */
function profile(rootfs, replay) {
  const setUp = presetSetUp('standard', {}, rootfs, replay);
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
  return new Map([...micros].map(([step, times]) => [step, median(times).toFixed(0)]));
}

const scratch = mkdtempSync(join(tmpdir(), 'nsinit-profile-'));
try {
  const rootfs = makeBenchRoot(join(scratch, 'root'));
  const [run, replayed] = [profile(rootfs, false), profile(rootfs, true)];
  console.log('| step | run | replayed |\n|---|---|---|');
  for (const [step, micros] of run) console.log(`| ${step} | ${micros} | ${replayed.get(step)} |`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exit(0);
