import { readFileSync } from 'node:fs';
import { expect } from 'chai';

interface Schema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
}

const schema = JSON.parse(readFileSync('schemas/config.schema.json', 'utf8')) as Schema;
const page = readFileSync('docs/reference/config.md', 'utf8');

const fieldsOf = ({ properties, anyOf = [] }: Schema = {}): string[] =>
  Object.keys(properties ?? anyOf.find((part) => part.properties !== undefined)?.properties ?? {});

describe('the reference of the configuration file', () => {
  const sections = new Map(
    page.split(/^## /m).map((section) => [section.split('\n')[0] ?? '', section]),
  );
  const documented = (heading: string): string[] =>
    [...(sections.get(heading) ?? '').matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name);

  it('has a row for each field of the file', () => {
    expect(documented('The file')).to.deep.equal(fieldsOf(schema));
  });

  for (const heading of ['presetOptions', 'mount', 'plugin', 'change', 'launch']) {
    it(`has a row for each field of ${heading}`, () => {
      expect(documented(heading)).to.deep.equal(fieldsOf(schema.definitions?.[heading]));
    });
  }
});
