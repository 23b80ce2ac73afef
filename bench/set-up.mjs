import { discardPrepared } from './discard.mjs';
import { prepareNamespaces } from '../build/src/runtime/prepared-namespaces.js';
import { pipelineSetUp } from '../build/src/runtime/pipeline-set-up.js';
import { runSetUp } from '../build/src/runtime/set-up.js';
import { ContainerThread, planNamespaces } from '../build/src/runtime/start-container.js';
import { createPreset } from '../build/src/steps/presets.js';

/**
 * Times set-ups alone, in a warm process that enters prepared namespaces.
 *
 * @returns times in ms.
 */
export function timeSetUps(preset, options, rootfs, rounds) {
  const thread = new ContainerThread();
  const { namespaces } = planNamespaces({});
  const setUp = pipelineSetUp(createPreset(preset, options), { rootfs });
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    const prepared = prepareNamespaces(thread.host, namespaces);
    runSetUp(thread.host, prepared, { in: 'thread', home: thread.home }, (syscalls, context) => {
      const started = performance.now();
      setUp(syscalls, context);
      times.push(performance.now() - started);
    });
    discardPrepared(thread.host, prepared);
  }
  return times;
}

if (process.argv[1] === import.meta.filename) {
  const [preset, rootfs, rounds, options = '{}'] = process.argv.slice(2);
  console.log(JSON.stringify(timeSetUps(preset, JSON.parse(options), rootfs, Number(rounds))));
}
