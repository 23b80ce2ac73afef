import { createPool } from '../build/src/runtime/pool.js';
import { run, bwrapArgs } from './peers.mjs';
import { ratiosTo } from './launch.mjs';

const JOB = { command: '/bin/true', stdio: 'ignore' };

/** Launches `total` times, `width` at a time. @returns launches in a second. */
async function rate(subject, total, width) {
  const started = performance.now();
  let left = total;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await subject();
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return (total / (performance.now() - started)) * 1000;
}

/** 500 launches, 1, 2 and 8 at a time. */
export async function benchThroughput({ rootfs, peers, quick }) {
  const total = quick ? 100 : 500;
  const rows = [];
  for (const width of [1, 2, 8]) {
    const pool = await createPool({ size: width * 2, rootfs });
    const subjects = {
      'nsinit, pooled': async () => {
        await (
          await pool.launch(JOB)
        ).ended;
      },
      ...('bwrap' in peers
        ? { bwrap: () => run('bwrap', [...bwrapArgs(rootfs), '/bin/true']) }
        : {}),
      ...('runc run' in peers && width < 8 ? { 'runc run': peers['runc run'] } : {}),
      'bare spawn': () => run(`${rootfs}/bin/true`, []),
    };
    const rates = {};
    for (const [name, subject] of Object.entries(subjects)) {
      await rate(subject, 20, width);
      rates[name] = await rate(subject, name === 'runc run' ? total / 5 : total, width);
    }
    await pool.close();
    for (const [name, value] of Object.entries(rates)) {
      rows.push({
        name: `${name}, ${width} at a time`,
        value,
        ratios: name.startsWith('nsinit') ? ratiosTo(rates, value, ['bwrap', 'bare spawn']) : {},
      });
    }
  }
  return { title: `Throughput of ${total} launches of /bin/true`, unit: '/s', rows };
}
