import { readFileSync } from 'node:fs';
import { createPool } from '../build/src/runtime/pool.js';

const COUNT = 50;

/** Resident memory of a process in KiB. */
const resident = (pid) =>
  Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);

function ownMemory() {
  globalThis.gc?.();
  return resident('self');
}

/** What a waiting and a running container take, in this process and in their own. */
export async function benchMemory({ rootfs }) {
  const warm = await createPool({ size: COUNT, rootfs });
  await warm.close();
  const before = ownMemory();
  const pool = await createPool({ size: COUNT, rootfs });
  const waiting = (ownMemory() - before) / COUNT;
  const containers = [];
  for (let i = 0; i < COUNT; i += 1)
    containers.push(await pool.launch({ command: 'sleep', args: ['1000'] }));
  const running = (ownMemory() - before) / COUNT;
  const init = containers.map(({ pid }) => resident(pid));
  await Promise.all(containers.map((container) => container[Symbol.asyncDispose]()));
  await pool.close();
  const rows = [
    { name: 'parent, per waiting container', value: Math.max(0, waiting) },
    { name: 'parent, per running container with three pipes', value: Math.max(0, running) },
    {
      name: 'a running command itself (sleep)',
      value: init.reduce((sum, value) => sum + value, 0) / COUNT,
    },
  ];
  return { title: 'Resident memory', unit: 'KiB', rows };
}
