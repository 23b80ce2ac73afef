import { rmSync, symlinkSync } from 'node:fs';
import { launch } from 'nsinit';

// Run by replay-library.test.ts: its launch thread is new. Prints whether each launch was replayed.

const [rootfs, ...namespaces] = process.argv.slice(2) as [string, ...string[]];
const replayed: boolean[] = [];
// A set-up is known by the path that is joined.
const join = `${rootfs}.joined`;
for (const namespace of namespaces) {
  symlinkSync(namespace, join);
  const container = await launch({
    rootfs,
    // The thread itself enters such ones.
    namespaces: { mount: { join }, pid: 'shared' },
    presetOptions: { noPivot: true, verify: false },
    force: true,
    command: '/bin/true',
    stdio: 'ignore',
  });
  await container.ended;
  rmSync(join);
  replayed.push(container.report.replayed === true);
}
console.log(JSON.stringify(replayed));
