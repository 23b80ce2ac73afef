// How long a plan takes in a warm process, and how that grows with mounts of the pipeline and of
// the host. Prints medians in milliseconds. Usage: npm run bench:plan [-- --json FILE]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createPreset } from '../build/src/index.js';
import { planPipeline } from '../build/src/plan.js';
import { directory } from '../build/src/testing.js';

const { values } = parseArgs({ options: { json: { type: 'string' } } });
const median = (times) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];

function measure(pipeline, options, runs) {
  const times = [];
  for (let run = 0; run < runs; run += 1) {
    const started = performance.now();
    const { failure } = planPipeline(pipeline(), options);
    times.push(performance.now() - started);
    if (failure !== null) throw new Error(failure.message);
  }
  return Math.round(median(times) * 100) / 100;
}

const machine = () => ({ files: { '/srv/root': directory() } });
const rootfs = '/srv/root';
measure(() => createPreset('standard'), { rootfs, machine }, 50);
const result = {
  standard: measure(() => createPreset('standard'), { rootfs, machine }, 100),
  thisMachine: measure(() => createPreset('standard', { throwaway: true }), {}, 20),
  binds: {},
  hostMounts: {},
};
for (const count of [10, 100, 1000]) {
  const mounts = Array.from({ length: count }, (_, at) => ({ bind: '/etc', target: `/m/${at}` }));
  result.binds[count] = measure(() => createPreset('standard', { mounts }), { rootfs, machine }, 3);
  const onHost = () => ({
    mounts: [
      { at: '/proc', type: 'proc' },
      ...Array.from({ length: count }, (_, at) => ({ at: `/mnt/${at}`, type: 'tmpfs' })),
    ],
    files: { '/srv/root': directory() },
  });
  result.hostMounts[count] = measure(
    () => createPreset('standard'),
    { rootfs, machine: onHost },
    5,
  );
}
console.log(
  `standard preset: ${result.standard} ms (goal: under 10); on this machine: ${result.thisMachine} ms`,
);
for (const [what, times] of Object.entries({
  'bind mounts': result.binds,
  'mounts of the host': result.hostMounts,
}))
  for (const [count, time] of Object.entries(times))
    console.log(`${count} ${what}: ${time} ms, ${Math.round((time / count) * 1000)} µs each`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
