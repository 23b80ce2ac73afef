import { expect } from 'chai';
import { findBusybox } from '../runtime/busybox-root.js';
import { inOwnNamespace, whyNoNamespace } from '../attacks/in-own-namespace.js';
import type { KillOutcome } from './kill-child.js';
import { leaksOf } from './leaks.js';
import type { SoakOutcome } from './soak-child.js';

// Short: `npm run kills` and `npm run soak` do it at length.
describe('many runs', () => {
  const KILLS = new URL('kill-child.js', import.meta.url);
  const SOAK = new URL('soak-child.js', import.meta.url);

  before(function () {
    const busybox = findBusybox();
    const why = 'missing' in busybox ? busybox.missing : whyNoNamespace(KILLS);
    if (why === undefined) return;
    this.test?.parent?.tests.forEach((test) => (test.title += ` (skipped: ${why})`));
    this.skip();
  });

  it('killed at any moment leave the host as it was, and no process', () => {
    const outcome = JSON.parse(inOwnNamespace(KILLS, { runs: 9, seed: 7 })) as KillOutcome;
    expect(outcome.changes).to.deep.equal([]);
  });

  it('in one process leave no descriptor, mount, thread or child', () => {
    const outcome = JSON.parse(inOwnNamespace(SOAK, { runs: 64, warmUp: 40 })) as SoakOutcome;
    expect(leaksOf(outcome)).to.deep.equal([]);
  });
});
