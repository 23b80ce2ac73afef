import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { PACKAGE } from './documents.js';

/** Every code in the sources: a literal that is nothing else. */
function codesInSource(): string[] {
  const found = new Set<string>();
  for (const folder of ['src', 'plugins'])
    for (const file of readdirSync(join(PACKAGE, folder), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const text = readFileSync(join(PACKAGE, folder, file), 'utf8');
      for (const [, code = ''] of text.matchAll(/'(NSINIT_[A-Z_]+)'/g)) found.add(code);
    }
  return [...found].sort();
}

describe('docs/reference/errors.md', () => {
  const page = readFileSync(join(PACKAGE, 'docs/reference/errors.md'), 'utf8');
  const sections = page.split('\n### ').slice(1);

  it('has a paragraph for each code in the source, and for no other', () => {
    const documented = sections.map((section) => section.split('\n')[0] ?? '');
    expect(documented.toSorted()).to.deep.equal(codesInSource());
  });

  it('says of each in more than a line what it means and what to do', () => {
    for (const section of sections) {
      const [code = '', ...lines] = (section.split('\n## ')[0] ?? '').split('\n');
      expect(lines.join(' ').length, code).to.be.greaterThan(100);
    }
  });
});
