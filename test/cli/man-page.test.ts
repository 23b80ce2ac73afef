import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { allCommands, commandTable } from '../../src/cli/command-table.js';
import { createProgram } from '../../src/cli/program.js';

const { man } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly man: string };

describe('the manual page', () => {
  const hasMan = spawnSync('man', ['--version']).status === 0;
  const title = 'is formatted without a warning, and has every command and option';

  (hasMan ? it : it.skip)(hasMan ? title : `${title} (needs man)`, () => {
    const env = { ...process.env, MANWIDTH: '200', LC_ALL: 'C.UTF-8' };
    const args = ['--warnings', '-l', man];
    const { stdout, stderr, status } = spawnSync('man', args, { encoding: 'utf8', env });
    expect([stderr, status]).to.deep.equal(['', 0]);
    const lines = stdout.split('\n').map((line) => line.trim());
    const program = createProgram('1.2.3', () => undefined);
    for (const { path, usage, options } of allCommands(commandTable(program)).slice(1)) {
      expect(lines).to.include(path.join(' '));
      expect(lines).to.include(usage);
      // A short one has its meaning on the same line.
      for (const { flags } of options)
        expect(
          lines.some((line) => line === flags || line.startsWith(`${flags} `)),
          flags,
        ).to.equal(true);
    }
  });
});
