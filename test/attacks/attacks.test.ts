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
    const outcome = runCampaign({ setUps: 'live', against: 'in turn', rounds: 0 });
    expect(outcome.cases.length).to.be.greaterThan(300);
    expect(findings(outcome)).to.deep.equal([]);
  });

  it('never do so while another process exchanges the names', () => {
    const outcome = runCampaign({ setUps: 'live', against: 'in turn', cases: 'none', rounds: 120 });
    const exchanges = outcome.races.reduce((sum, race) => sum + race.exchanges, 0);
    expect(exchanges).to.be.greaterThan(10_000);
    expect(findings(outcome)).to.deep.equal([]);
  });

  it('do neither where the set-up was replayed until then', () => {
    const [cases, races] = ['/data/in/here', '/data'];
    const outcome = runCampaign({
      setUps: 'replayed',
      against: 'in turn',
      cases,
      races,
      rounds: 48,
    });
    const interrupted = outcome.cases.filter(({ replay }) => replay === 'interrupted');
    expect(interrupted.length).to.be.greaterThan(15);
    const replays = outcome.races.map((race) => race.replays);
    expect(replays.reduce((sum, replay) => sum + replay.finished, 0)).to.be.greaterThan(0);
    expect(replays.reduce((sum, replay) => sum + replay.interrupted, 0)).to.be.greaterThan(0);
    expect(findings(outcome)).to.deep.equal([]);
  });

  it('do touch it where a step follows a path', () => {
    const found = findings(
      runCampaign({ setUps: 'live', against: 'in turn', cases: '/data', rounds: 0, naive: true }),
    );
    expect(found.filter((line) => line.includes('ESCAPE canary')).length).to.be.greaterThan(3);
  });
});
