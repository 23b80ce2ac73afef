import { expect } from 'chai';
import { createPool } from '../../src/runtime/pool.js';
import { useBusyboxRoot } from '../runtime/busybox-root.js';

// One in fifteen was told as EAGAIN of recvfrom(2): the second half of the answer was not there yet.
describe('a command that a ready root does not have', () => {
  let rootfs = '';
  useBusyboxRoot((path) => (rootfs = path));

  it('is told as such every time', async () => {
    const pool = await createPool({ size: 4, rootfs });
    const told = new Set<unknown>();
    try {
      for (let round = 0; round < 40; round += 1) {
        const error: unknown = await pool.launch({ command: 'missing' }).catch((thrown) => thrown);
        told.add((error as { readonly code?: unknown }).code);
      }
    } finally {
      await pool.close();
    }
    expect([...told]).to.deep.equal(['NSINIT_COMMAND_NOT_FOUND']);
  });
});
