// How long each step of the standard set-up takes, in a warm process that enters prepared
// namespaces. Usage: npm run bench:profile
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipelineSetUp } from '../build/src/runtime/pipeline-set-up.js';
import { prepareNamespaces } from '../build/src/runtime/prepared-namespaces.js';
import { runSetUp } from '../build/src/runtime/set-up.js';
import { ContainerThread, planNamespaces } from '../build/src/runtime/start-container.js';
import { createPreset } from '../build/src/steps/presets.js';
import { makeBenchRoot } from './bench-root.mjs';
import { discardPrepared } from './discard.mjs';
import { median } from './statistics.mjs';

const ROUNDS = 1000;
const WARM_UP = 600;

const scratch = mkdtempSync(join(tmpdir(), 'nsinit-profile-'));
try {
  const thread = new ContainerThread();
  const { namespaces } = planNamespaces({});
  const setUp = pipelineSetUp(createPreset('standard'), {
    rootfs: makeBenchRoot(join(scratch, 'root')),
  });
  const micros = new Map([['in all', []]]);
  const timed = (syscalls, context) => {
    const started = performance.now();
    const { steps } = setUp(syscalls, context);
    return [...steps, { step: 'in all', micros: (performance.now() - started) * 1000 }];
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const prepared = prepareNamespaces(thread.host, namespaces);
    const site = { in: 'thread', home: thread.home };
    const { result } = runSetUp(thread.host, prepared, site, timed);
    discardPrepared(thread.host, prepared);
    if (round < WARM_UP) continue;
    for (const { step, micros: time } of result) {
      if (!micros.has(step)) micros.set(step, []);
      micros.get(step).push(time);
    }
  }
  for (const [step, times] of micros) console.log(`| ${step} | ${median(times).toFixed(0)} |`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
