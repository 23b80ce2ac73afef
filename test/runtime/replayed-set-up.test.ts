import { expect } from 'chai';
import { inOwnNamespace, whyNoNamespace } from '../attacks/in-own-namespace.js';
import type { Compared, Order } from './replayed-set-ups.js';

const CHILD = new URL('replayed-set-ups.js', import.meta.url);

describe('a set-up that is replayed', () => {
  before(function () {
    const why = whyNoNamespace(CHILD);
    if (why === undefined) return;
    console.log(`      skipped: ${why}`);
    this.skip();
  });

  const compare = (order: Omit<Order, 'base'>): Compared[] =>
    inOwnNamespace(CHILD, order)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Compared);

  const expectSame = ({ name, live, other }: Compared): void => {
    const { replayed: _, ...rest } = other;
    const { replayed: __, ...wanted } = live;
    expect(rest, name).to.deep.equal(wanted);
    expect([rest.leaked, wanted.leaked], name).to.deep.equal([0, 0]);
  };

  it('comes to the same as one that is run, with each preset', () => {
    const compared = compare({ part: 'same' });
    expect(compared.length).to.be.above(8);
    for (const each of compared) {
      expectSame(each);
      expect(each.live, each.name).to.include({ replayed: false });
      expect(each.other, each.name).to.include({ replayed: true });
      expect(each.live.inside?.length, each.name).to.be.above(10);
    }
  });

  it('comes to the same wherever it stops, and leaves nothing open', () => {
    const compared = compare({ part: 'stops', each: 3 });
    expect(compared.length).to.be.above(150);
    for (const each of compared) expectSame(each);
  });

  it('comes to what a first run comes to when something has changed since', () => {
    const compared = compare({ part: 'changes' });
    for (const each of compared) {
      expectSame(each);
      const same = each.name.endsWith('nothing is different');
      expect(each.other.replayed ?? false, each.name).to.equal(same);
    }
    const failed = compared.filter(({ live }) => live.error !== undefined);
    expect(failed.length).to.be.within(10, compared.length - 8);
  });
});
