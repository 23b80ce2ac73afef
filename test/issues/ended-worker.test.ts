import { expect } from 'chai';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { useBusyboxRoot } from '../runtime/busybox-root.js';

const PROGRAM = fileURLToPath(new URL('./launching-worker.js', import.meta.url));

// The addon was unloaded with the thread, before the event loop called it back: SIGSEGV.
describe('a worker thread that ends while its containers are there', () => {
  let rootfs = '';
  useBusyboxRoot((path) => (rootfs = path));

  const start = (how: string): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, [PROGRAM, how, rootfs], { encoding: 'utf8', timeout: 15_000 });

  for (const how of ['terminate', 'exit', 'pool']) {
    it(`leaves the program alive: ${how}`, () => {
      const { stdout, signal, status } = start(how);
      expect([signal, status, stdout]).to.deep.equal([null, 0, 'the program lives\n']);
    });
  }

  it('is told how they ended before', () => {
    const { stdout, status } = start('wait');
    expect([status, stdout]).to.deep.equal([0, '0 1 2 3\nthe program lives\n']);
  });
});
