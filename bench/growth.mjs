import { join } from 'node:path';
import { bwrapArgs, run } from './peers.mjs';
import { buildFloor, compareSetUps } from './set-up-floor.mjs';
import { interleave, medians } from './statistics.mjs';
import { createPool } from '../build/src/runtime/pool.js';

/** 1 to 1,000 bind mounts: nsinit and C set up the same, bwrap starts with the same. */
export async function benchGrowth({ rootfs, scratch, peers, quick }) {
  const rows = [];
  for (const count of quick ? [1, 100] : [1, 10, 100, 1000]) {
    const mounts = Array.from({ length: count }, (_, index) => ({
      bind: '/usr',
      target: `/mnt/${index}`,
      readonly: true,
    }));
    const options = { mounts };
    const { program } = buildFloor(join(scratch, `floor-${count}`), 'standard', rootfs, options);
    const { own, floor } = compareSetUps('standard', rootfs, program, {
      blocks: 2,
      rounds: count > 100 ? 10 : 40,
      warmUp: count > 100 ? 10 : 200,
      options,
    });
    rows.push({ name: `C, ${count} bind mounts`, value: floor });
    rows.push({ name: `nsinit, ${count} bind mounts`, value: own, ratios: { C: own / floor } });
    if (!('bwrap' in peers)) continue;
    const pool = await createPool({ size: 1, rootfs, presetOptions: options });
    const binds = mounts.flatMap(({ bind, target }) => ['--ro-bind', bind, target]);
    const times = medians(
      await interleave(
        {
          pooled: async () => {
            await (
              await pool.launch({ command: '/bin/true', stdio: 'ignore' })
            ).ended;
          },
          bwrap: () => run('bwrap', [...bwrapArgs(rootfs, binds), '/bin/true']),
        },
        { rounds: count > 100 ? 5 : 20, before: () => pool.settled() },
      ),
    );
    await pool.close();
    rows.push({ name: `bwrap, start to exit, ${count} bind mounts`, value: times.bwrap });
    rows.push({
      name: `nsinit, pooled, start to exit, ${count} bind mounts`,
      value: times.pooled,
      ratios: { bwrap: times.pooled / times.bwrap },
    });
  }
  return { title: 'Growth with the number of bind mounts', unit: 'ms', rows };
}
