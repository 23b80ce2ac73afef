import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { launch } from 'nsinit';

// Launches more at once than there are descriptors for, and prints how many are open before and after.

const rootfs = process.argv[2];
const open = (): number => readdirSync('/proc/self/fd').length;
const one = async (): Promise<void> => {
  const box = await launch({ rootfs, command: 'sleep', args: ['0.1'] });
  await box.ended;
};

await one();
const before = open();
let refused = 0;
// Where the last one is used up differs.
for (const length of [100, 99]) {
  const results = await Promise.allSettled(Array.from({ length }, one));
  refused += results.filter(({ status }) => status === 'rejected').length;
}
for (let tries = 0; tries < 100 && open() > before; tries += 1) await delay(10);
console.log(refused > 0, Math.max(0, open() - before));
