import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { median } from './statistics.mjs';

const script = (name) => join(import.meta.dirname, name);

/** Builds the C program of a preset; its calls are those of a real run. */
export function buildFloor(directory, preset, rootfs, options = {}) {
  const calls = execFileSync(
    process.execPath,
    [script('floor.mjs'), directory, preset, rootfs, JSON.stringify(options)],
    { encoding: 'utf8' },
  );
  return { calls: Number(calls), program: join(directory, 'floor') };
}

const floorTimes = (program, rounds) =>
  execFileSync(program, [String(rounds)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => Number(line) / 1e6);

const ownTimes = (preset, rootfs, rounds, options = {}) =>
  JSON.parse(
    execFileSync(
      process.execPath,
      [script('set-up.mjs'), preset, rootfs, String(rounds), JSON.stringify(options)],
      { encoding: 'utf8' },
    ),
  );

/** Interleaves runs of both programs; each begins cold, and its first times are left out. */
export function compareSetUps(preset, rootfs, program, { blocks, rounds, warmUp, options }) {
  const own = [];
  const floor = [];
  for (let block = 0; block < blocks; block += 1) {
    own.push(...ownTimes(preset, rootfs, rounds + warmUp, options).slice(warmUp));
    floor.push(...floorTimes(program, rounds));
  }
  return { own: median(own), floor: median(floor) };
}

/** The set-up alone, in a warm process, against the C program with the same calls. */
export function benchSetUp({ rootfs, scratch, quick }) {
  const rows = [];
  for (const preset of ['standard', 'classic']) {
    const { calls, program } = buildFloor(join(scratch, `floor-${preset}`), preset, rootfs);
    const { own, floor } = compareSetUps(preset, rootfs, program, {
      blocks: quick ? 2 : 5,
      rounds: 100,
      warmUp: 400,
    });
    rows.push({ name: `C, ${preset} (${calls} calls)`, value: floor });
    rows.push({ name: `nsinit, ${preset}`, value: own, ratios: { C: own / floor } });
  }
  return { title: 'Set-up alone, warm process', unit: 'ms', rows };
}
