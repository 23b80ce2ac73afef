import { expect } from 'chai';
import type { Caller } from '../contract/world.js';
import { runOnKernel } from './real-kernel.js';

/**
 * Runs the scenarios of a module on the real kernel, and has a test for each result.
 *
 * @param expected the result of each scenario by its name.
 */
export function itHoldsOnKernel(
  module: URL,
  caller: Caller,
  expected: Readonly<Record<string, unknown>>,
): void {
  describe(`on the real kernel, as ${caller}`, () => {
    let results: Record<string, unknown> = {};
    let unavailable: string | undefined;

    before(() => {
      ({ results, unavailable } = runOnKernel<Record<string, unknown>>(module, caller));
    });

    for (const [name, value] of Object.entries(expected)) {
      it(name, function () {
        if (unavailable !== undefined) {
          console.log(`      (not asked: ${unavailable})`);
          this.skip();
        }
        expect(results[name]).to.deep.equal(value);
      });
    }
  });
}
