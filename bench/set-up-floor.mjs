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

/** @param by `replay`, or `steps` that run each time. */
const ownTimes = (preset, rootfs, rounds, options, by) =>
  JSON.parse(
    execFileSync(
      process.execPath,
      [script('set-up.mjs'), preset, rootfs, String(rounds), JSON.stringify(options), by],
      { encoding: 'utf8' },
    ),
  );

const TENTH = 9;

/**
 * Interleaves runs of the programs; each begins cold, and its first times are left out, but for
 * those of the tenth.
 */
export function compareSetUps(preset, rootfs, program, { blocks, rounds, warmUp, options = {} }) {
  const times = { replay: [], steps: [] };
  const tenths = { replay: [], steps: [] };
  const floor = [];
  for (let block = 0; block < blocks; block += 1) {
    for (const by of ['replay', 'steps']) {
      const own = ownTimes(preset, rootfs, rounds + warmUp, options, by);
      tenths[by].push(own[TENTH]);
      times[by].push(...own.slice(warmUp));
    }
    floor.push(...floorTimes(program, rounds));
  }
  return {
    own: median(times.replay),
    steps: median(times.steps),
    tenth: { own: median(tenths.replay), steps: median(tenths.steps) },
    floor: median(floor),
  };
}

/** The set-up alone, in a warm process, against the C program with the same calls. */
export function benchSetUp({ rootfs, scratch, quick }) {
  const rows = [];
  for (const preset of ['standard', 'classic']) {
    const { calls, program } = buildFloor(join(scratch, `floor-${preset}`), preset, rootfs);
    const { own, steps, tenth, floor } = compareSetUps(preset, rootfs, program, {
      blocks: quick ? 2 : 5,
      rounds: 100,
      warmUp: 400,
    });
    rows.push({ name: `C, ${preset} (${calls} calls)`, value: floor });
    rows.push({ name: `nsinit, ${preset}`, value: own, ratios: { C: own / floor } });
    const others = {
      'by steps': steps,
      'the tenth': tenth.own,
      'the tenth, by steps': tenth.steps,
    };
    for (const [what, value] of Object.entries(others))
      rows.push({ name: `nsinit, ${preset}, ${what}`, value, ratios: { C: value / floor } });
  }
  return { title: 'Set-up alone, warm process', unit: 'ms', rows };
}
