import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { createProgram } from '../../src/cli/program.js';
import { nsinitCommands, wrongCommands } from './command-lines.js';
import { compiledFile, compilePrograms, programsOf } from './compiled-blocks.js';
import { documents } from './documents.js';
import { BlockPlace, type Ran } from './block-place.js';
import type { CodeBlock } from './markdown.js';

const pages = documents();
const programs = pages.flatMap(programsOf);
const isShell = ({ language }: CodeBlock): boolean => /^(sh|bash|shell|console)$/.test(language);
const scripts = pages.flatMap(({ path, page }) =>
  page.blocks
    .filter(({ language, code }) => isShell({ language } as CodeBlock) || /^\s*nsinit /m.test(code))
    .map((block) => ({ path, block })),
);

/** What a block that follows says the program writes; `…` stands for anything. */
function expectedOutput(path: string, block: CodeBlock): string | undefined {
  const blocks = pages.find((document) => document.path === path)?.page.blocks ?? [];
  const next = blocks[blocks.indexOf(block) + 1];
  return next?.marks.includes('output') === true ? next.code : undefined;
}

function checkRun(ran: Ran, output: string | undefined, where: string): void {
  expect(ran.status, `${where}\n${ran.stdout}${ran.stderr}`).to.equal(0);
  if (output === undefined) return;
  const pattern = output
    .trimEnd()
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[^]*?');
  if (!new RegExp(`^${pattern}$`).test(ran.stdout.trimEnd()))
    expect(ran.stdout.trimEnd(), where).to.equal(output.trimEnd());
}

describe('the code of the documentation', () => {
  let place: BlockPlace;

  before(() => {
    place = new BlockPlace();
  });

  after(() => place.remove());

  it('compiles against the package, as strict as it is', function () {
    this.timeout(60_000);
    // A block that goes on from the one before it is marked: ```ts continued
    expect(compilePrograms(programs).join('\n')).to.equal('');
  });

  it('is shell that a shell can read', () => {
    for (const { path, block } of scripts.filter(({ block }) => isShell(block))) {
      const { status, stderr } = spawnSync('bash', ['-n'], {
        input: block.code.replace(/^\$ /gm, ''),
        encoding: 'utf8',
      });
      expect([status, stderr], `${path}:${block.line}`).to.deep.equal([0, '']);
    }
  });

  it('names commands and options of nsinit that are there', () => {
    const program = createProgram('0', () => undefined);
    const wrong = scripts.flatMap(({ path, block }) =>
      wrongCommands(block.code, program).map((problem) => `${path}:${block.line}: ${problem}`),
    );
    expect(wrong).to.deep.equal([]);
    expect(wrongCommands('sudo nsinit run --rotfs x -- a --b', program)).to.have.length(1);
    expect(wrongCommands('x | nsinit stpes; true', program)).to.have.length(1);
    expect(nsinitCommands('A=1 npx nsinit run -- x && nsinit steps')).to.have.length(2);
  });

  it('has JSON that is JSON', () => {
    for (const { path, page } of pages)
      for (const { language, code, line } of page.blocks)
        if (language === 'json')
          expect(() => JSON.parse(code) as unknown, `${path}:${line}`).not.to.throw();
  });

  for (const program of programs) {
    const block = program.blocks.find(({ marks }) => marks.includes('run'));
    if (block === undefined) continue;
    it(`runs: ${program.document}:${block.line}`, function () {
      const why = place.cannotRun(block);
      if (why !== undefined) {
        this.test!.title += ` (${why})`;
        this.skip();
      }
      const last = program.blocks.at(-1) ?? block;
      const where = `${program.document}:${block.line}`;
      checkRun(
        place.runModule(compiledFile(program), block),
        expectedOutput(program.document, last),
        where,
      );
    });
  }

  for (const { path, block } of scripts.filter(({ block }) => block.marks.includes('run'))) {
    it(`runs: ${path}:${block.line}`, function () {
      const why = place.cannotRun(block);
      if (why !== undefined) {
        this.test!.title += ` (${why})`;
        this.skip();
      }
      checkRun(place.runScript(block), expectedOutput(path, block), `${path}:${block.line}`);
    });
  }
});
