import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
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
    // There before the calls are recorded: C would make a thousand directories again each time.
    for (const { target } of mounts) mkdirSync(join(rootfs, target), { recursive: true });
    const { program } = buildFloor(join(scratch, `floor-${count}`), 'standard', rootfs, options);
    const { own, steps, floor } = compareSetUps('standard', rootfs, program, {
      blocks: 2,
      rounds: count > 100 ? 10 : 40,
      warmUp: count > 100 ? 10 : 200,
      options,
    });
    rows.push({ name: `C, ${count} bind mounts`, value: floor });
    rows.push({ name: `nsinit, ${count} bind mounts`, value: own, ratios: { C: own / floor } });
    rows.push({
      name: `nsinit, ${count} bind mounts, by steps`,
      value: steps,
      ratios: { C: steps / floor },
    });
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

const HOST_MOUNTS = join(import.meta.dirname, 'host-mounts.mjs');

/** 10 to 5,000 mounts on the host, in a mount namespace that stands for it. */
export async function benchHostMounts({ rootfs, scratch, quick }) {
  const rows = [];
  for (const count of quick ? [10, 1000] : [10, 1000, 5000]) {
    const directory = join(scratch, `host-${count}`);
    mkdirSync(directory);
    const script = [HOST_MOUNTS, rootfs, directory, String(count), quick ? '10' : '40'];
    const unshared = ['--mount', '--propagation', 'private', process.execPath, ...script];
    const times = JSON.parse(execFileSync('unshare', unshared, { encoding: 'utf8' }));
    rmSync(directory, { recursive: true });
    const against = {
      'nsinit, set-up': 'C',
      'nsinit, pooled': 'bwrap',
      'nsinit, launch()': 'bwrap',
    };
    for (const [name, value] of Object.entries(times)) {
      const other = against[name];
      const ratios = other in times ? { [other]: value / times[other] } : {};
      rows.push({ name: `${name}, ${count} mounts on the host`, value, ratios });
    }
  }
  return { title: 'Growth with the number of mounts on the host', unit: 'ms', rows };
}
