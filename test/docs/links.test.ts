import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { documents, PACKAGE, type Document } from './documents.js';
import { parseMarkdown } from './markdown.js';

const pages = documents();
const anchorsOf = new Map(pages.map(({ path, page }) => [path, page.anchors]));

function brokenLinks({ path, page }: Document): string[] {
  return page.links.flatMap(({ target, line }) => {
    const why = whyBroken(path, target);
    return why === undefined ? [] : [`${path}:${line}: ${target} ${why}`];
  });
}

function whyBroken(from: string, target: string): string | undefined {
  if (/^[a-z]+:/.test(target)) return URL.canParse(target) ? undefined : 'is no address';
  const [file = '', anchor] = decodeURI(target).split('#');
  const path = file === '' ? from : join(dirname(from), file);
  if (path.startsWith('..')) return 'leads out of the package';
  if (!existsSync(join(PACKAGE, path))) return 'is not there';
  if (anchor === undefined || anchorsOf.get(path)?.has(anchor) === true) return undefined;
  return anchorsOf.has(path) ? 'has no such heading' : 'is no page, so that it has no headings';
}

/** Files and folders that prose names in code, such as `src/pipeline/run.ts`. */
function missingFiles({ path, page }: Document): string[] {
  return page.prose.flatMap((source, index) =>
    [...source.matchAll(/`((?:src|test|docs|plugins|examples|bench|scripts|native)\/[\w./-]*)`/g)]
      .map(([, named = '']) => named)
      .filter((named) => !existsSync(join(PACKAGE, named)))
      .map((named) => `${path}:${index + 1}: there is no ${named}`),
  );
}

describe('the links of the documentation', () => {
  it('lead to pages, files and headings that are there', () => {
    expect(pages.flatMap(brokenLinks)).to.deep.equal([]);
  });

  it('are not needed to find the files that prose names', () => {
    expect(pages.flatMap(missingFiles)).to.deep.equal([]);
  });

  it('reach every page of docs, plugins and examples from the index', () => {
    const reached = new Set<string>();
    const visit = (path: string): void => {
      if (reached.has(path)) return;
      reached.add(path);
      const page = pages.find((candidate) => candidate.path === path)?.page;
      for (const { target } of page?.links ?? []) {
        if (/^[a-z]+:/.test(target)) continue;
        const next = join(dirname(path), target.split('#')[0] ?? '');
        if (next.endsWith('.md') && statSync(join(PACKAGE, next)).isFile()) visit(next);
      }
    };
    visit('docs/README.md');
    const lost = pages
      .map(({ path }) => path)
      .filter((path) => /^(docs|plugins|examples)\//.test(path) && !reached.has(path));
    expect(lost, 'link them from docs/README.md').to.deep.equal([]);
  });

  it('are found where a page has them, and not in its code', () => {
    const { links, anchors, blocks } = parseMarkdown(
      '# A `b` & c\n[`x`](y.md#z) `[no](no)` ![p](p.svg)\n# A b c\n```ts run\n[no](no)\n```',
    );
    expect(links.map(({ target }) => target)).to.deep.equal(['y.md#z', 'p.svg']);
    expect([...anchors]).to.deep.equal(['a-b--c', 'a-b-c']);
    expect(blocks).to.deep.equal([{ language: 'ts', marks: ['run'], line: 5, code: '[no](no)' }]);
  });
});
