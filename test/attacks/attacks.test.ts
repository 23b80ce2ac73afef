import { expect } from 'chai';
import { ATTACK_CHILD, findings, runCampaign } from './campaign.js';
import { whyNoNamespace } from './in-own-namespace.js';

describe('hostile roots', () => {
  before(function () {
    const why = whyNoNamespace(ATTACK_CHILD);
    if (why === undefined) return;
    this.test?.parent?.tests.forEach((test) => (test.title += ` (skipped: ${why})`));
    this.skip();
  });

  it('never let a pipeline touch the host, and end in success or an error that names the path', () => {
    const outcome = runCampaign({ against: 'in turn', rounds: 0 });
    expect(outcome.cases.length).to.be.greaterThan(300);
    expect(findings(outcome)).to.deep.equal([]);
  });

  it('never do so while another process exchanges the names', () => {
    const outcome = runCampaign({ against: 'in turn', cases: 'none', rounds: 120 });
    const exchanges = outcome.races.reduce((sum, race) => sum + race.exchanges, 0);
    expect(exchanges).to.be.greaterThan(10_000);
    expect(findings(outcome)).to.deep.equal([]);
  });

  it('do touch it where a step follows a path', () => {
    const found = findings(
      runCampaign({ against: 'in turn', cases: '/data', rounds: 0, naive: true }),
    );
    expect(found.filter((line) => line.includes('ESCAPE canary')).length).to.be.greaterThan(3);
  });
});
