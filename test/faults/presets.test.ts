import { expect } from 'chai';
import { injectFaults } from '../../src/testing.js';
import { findFaultTargets } from './find-targets.js';

// One errno a call here; `npm run faults` goes through all of them.
for (const target of await findFaultTargets()) {
  describe(`faults in ${target.name}`, () => {
    it('leave nothing, and are told', () => {
      const pairs = target.name === 'standard' || target.name === 'classic';
      const { calls, cases, failures } = injectFaults({ ...target, focus: [] }, { pairs });
      expect(failures).to.deep.equal([]);
      expect(cases).to.be.greaterThan(calls / 2);
    }).timeout(60_000);
  });
}
