import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';

describe('SECURITY.md', () => {
  it('names for every promise a test that is there', () => {
    const text = readFileSync('SECURITY.md', 'utf8');
    const promises = text
      .split('\n')
      .filter((line) => line.startsWith('| ') && !line.startsWith('| Promise'));
    expect(promises.length).to.be.greaterThan(8);
    for (const promise of promises) {
      const test = /`(test\/[^`]+)` \|$/.exec(promise)?.[1];
      expect(test !== undefined && existsSync(test), promise).to.equal(true);
    }
  });
});
