// With many mounts on the host: run in a mount namespace of its own, which it fills first.
//   unshare --mount --propagation private node host-mounts.mjs ROOTFS SCRATCH COUNT ROUNDS
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from '../build/src/runtime/launch.js';
import { createPool } from '../build/src/runtime/pool.js';
import { LinuxSyscalls } from '../build/src/syscalls/linux.js';
import { MS_BIND } from '../build/src/syscalls/mount-flags.js';
import { bwrapArgs, run } from './peers.mjs';
import { buildFloor, compareSetUps } from './set-up-floor.mjs';
import { interleave, medians } from './statistics.mjs';

const JOB = { command: '/bin/true', stdio: 'ignore' };

/** Binds a directory on directories until there are that many mounts. */
function fillUp(scratch, count) {
  const sys = new LinuxSyscalls();
  const there = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n').length;
  for (let index = there; index < count; index += 1) {
    const target = join(scratch, `mount-${index}`);
    mkdirSync(target, { recursive: true });
    sys.mount(scratch, target, '', MS_BIND, '');
  }
}

async function measure(rootfs, scratch, count, rounds) {
  fillUp(join(scratch, 'mounts'), count);
  const floor = join(scratch, 'floor-host');
  const { program } = buildFloor(floor, 'standard', rootfs);
  const setUps = compareSetUps('standard', rootfs, program, { blocks: 2, rounds, warmUp: rounds });
  const pool = await createPool({ size: 1, rootfs });
  const exit = async (starting) => {
    await once(await starting, 'exit');
  };
  const subjects = {
    'nsinit, pooled': () => exit(pool.launch(JOB)),
    'nsinit, launch()': () => exit(launch({ ...JOB, rootfs })),
  };
  try {
    execFileSync('bwrap', [...bwrapArgs(rootfs), '/bin/true']);
    subjects.bwrap = () => run('bwrap', [...bwrapArgs(rootfs), '/bin/true']);
  } catch {
    // It is not installed: the other rows say enough.
  }
  const times = medians(await interleave(subjects, { rounds, before: () => pool.settled() }));
  await pool.close();
  return { C: setUps.floor, 'nsinit, set-up': setUps.own, ...times };
}

const [rootfs, scratch, count, rounds] = process.argv.slice(2);
console.log(JSON.stringify(await measure(rootfs, scratch, Number(count), Number(rounds))));
process.exit(0);
