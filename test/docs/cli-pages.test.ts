import { expect } from 'chai';
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program.js';
import { documents } from './documents.js';

const pages = documents().filter(({ path }) => path.startsWith('docs/reference/'));

/** Every command, by what is typed: `nsinit run`. */
function commandsOf(command: Command, before = ''): [typed: string, Command][] {
  const typed = `${before}${command.name()}`;
  const below = command.commands
    .filter((sub) => sub.name() !== 'help')
    .flatMap((sub) => commandsOf(sub, `${typed} `));
  return command.commands.length === 0 ? [[typed, command]] : below;
}

/** What the reference says below headings that are the command's name. */
function sectionsOf(typed: string): string {
  return pages
    .flatMap(({ page }) =>
      page.headings.map(({ text, line }, index) => {
        const end = (page.headings[index + 1]?.line ?? page.prose.length + 1) - 1;
        return text.replaceAll('`', '') === typed ? page.prose.slice(line, end) : [];
      }),
    )
    .flat()
    .join('\n');
}

const rowsOf = (text: string): string[] =>
  [...text.matchAll(/^\| `(-[^`]+)` \|/gm)].map(([, flags = '']) => flags.replaceAll('\\|', '|'));

describe('the reference of the command line', () => {
  for (const [typed, command] of commandsOf(createProgram('0', () => undefined))) {
    it(`has a row for each option of ${typed}, as it is typed`, () => {
      const wanted = command.options.filter(({ hidden }) => !hidden).map(({ flags }) => flags);
      const documented = rowsOf(sectionsOf(typed));
      expect(sectionsOf(typed), `a heading "${typed}" in docs/reference`).not.to.equal('');
      expect(documented.toSorted(), `tables below "${typed}" in docs/reference`).to.deep.equal(
        wanted.toSorted(),
      );
    });

    it(`tells the defaults of ${typed}`, () => {
      const text = sectionsOf(typed);
      for (const { flags, defaultValue } of command.options) {
        if (typeof defaultValue !== 'string') continue;
        const row = text.split('\n').find((line) => line.startsWith(`| \`${flags}\` |`));
        expect(row, flags).to.include(`\`${defaultValue}\``);
      }
    });
  }

  // The second column of "from bwrap" and "from docker run" is ours.
  for (const path of ['docs/guides/from-bubblewrap.md', 'docs/guides/from-docker-run.md']) {
    it(`has every option that ${path} says is there`, () => {
      const run = createProgram('0', () => undefined).commands.find(
        (command) => command.name() === 'run',
      );
      const known = new Set(run?.options.map(({ long }) => long));
      const text = documents().find((document) => document.path === path)?.page.prose ?? [];
      const ours = text
        .filter((line) => line.startsWith('| '))
        .flatMap((line) => (line.split('|')[2] ?? '').match(/--[a-z-]+/g) ?? [])
        .filter((option) => !/^-+$/.test(option));
      expect(ours.length).to.be.greaterThan(15);
      expect(ours.filter((option) => !known.has(option))).to.deep.equal([]);
    });
  }
});
