import { expect } from 'chai';
import type { Caller } from '../contract/world.js';
import { runFuzz } from './run-fuzz.js';

const RUNS = 150;
const CALLERS: readonly Caller[] = ['root', 'user-namespace'];

describe('random calls on model and kernel', () => {
  for (const caller of CALLERS) {
    it(`come to the same as ${caller}`, async function () {
      this.timeout(60_000);
      const result = await runFuzz(caller, { runs: RUNS, seed: 20_260_101, length: 40 });
      if ('unavailable' in result) {
        console.log(`      (not run: ${result.unavailable})`);
        this.skip();
      }
      expect(result.disagreement).to.equal(undefined);
      // Sequences that are only refused, or end at once, would prove nothing.
      expect(result.runs).to.equal(RUNS);
      expect(result.succeeded['mount'] ?? 0).to.be.greaterThan(RUNS * 0.8);
      expect(result.unknown).to.be.lessThan(RUNS / 10);
    });
  }
});
