import { discardPrepared } from './discard.mjs';
import { openNamespace, prepareNamespaces } from '../build/src/runtime/prepared-namespaces.js';
import { replayedSetUp } from '../build/src/runtime/replayed-set-up.js';
import { ContainerThread, planNamespaces } from '../build/src/runtime/start-container.js';
import { createPreset } from '../build/src/steps/presets.js';
import { CLONE_FS, CLONE_NEWIPC, CLONE_NEWNS } from '../build/src/syscalls/process-flags.js';

/**
 * Runs set-ups alone, in a warm process. Around each it does what the C program does around its
 * own: unshare, and home again by setns. Starting processes instead leaves the other processor
 * with their ends, which the set-up's own calls then wait for.
 *
 * @param setUp is called `rounds` times with an adapter and a context.
 */
export function runSetUps(rounds, setUp) {
  const { host } = new ContainerThread();
  const { syscalls } = host;
  const { namespaces } = planNamespaces({});
  // Its living PID 1 is what proc is mounted for.
  const prepared = prepareNamespaces(host, namespaces);
  syscalls.unshare(CLONE_FS);
  const home = [
    [openNamespace(syscalls, 'thread-self', 'mnt'), CLONE_NEWNS],
    [openNamespace(syscalls, 'thread-self', 'ipc'), CLONE_NEWIPC],
  ];
  const context = { pidNamespace: prepared.pidNamespace, userNamespace: false };
  for (let round = 0; round < rounds; round += 1) {
    syscalls.unshare(CLONE_NEWNS | CLONE_NEWIPC);
    setUp(syscalls, context, round);
    for (const [fd, kind] of home) syscalls.setns(fd, kind);
  }
  discardPrepared(host, prepared);
}

/**
 * A preset's set-up; the thread's namespaces are not the machine's, and are not asked for.
 *
 * @param replay whether it is replayed from the fourth time on.
 */
export const presetSetUp = (preset, options, rootfs, replay) =>
  replayedSetUp(createPreset(preset, options), { rootfs, force: true, replay });

/** @returns times in ms. */
export function timeSetUps(preset, options, rootfs, rounds, replay) {
  const setUp = presetSetUp(preset, options, rootfs, replay);
  const times = [];
  runSetUps(rounds, (syscalls, context) => {
    const started = performance.now();
    setUp(syscalls, context);
    times.push(performance.now() - started);
  });
  return times;
}

if (process.argv[1] === import.meta.filename) {
  const [preset, rootfs, rounds, options, by] = process.argv.slice(2);
  const times = timeSetUps(preset, JSON.parse(options), rootfs, Number(rounds), by === 'replay');
  console.log(JSON.stringify(times));
}
