import { expect } from 'chai';
import { findBusybox, makeBusyboxRoot } from './busybox-root.js';
import { launchMany } from './many-launches.js';

describe('many launches', () => {
  it('leave no descriptor, thread, child or mount', async function () {
    const busybox = findBusybox();
    if ('missing' in busybox) {
      console.log(`      skipped: ${busybox.missing}`);
      this.skip();
    }
    const root = makeBusyboxRoot(busybox.path);
    try {
      const { before, after } = await launchMany(root.path, 24);
      const { memory: _, ...counts } = after;
      expect(counts).to.deep.equal({
        descriptors: before.descriptors,
        threads: before.threads,
        children: before.children,
        mounts: before.mounts,
      });
    } finally {
      root.remove();
    }
  });
});
