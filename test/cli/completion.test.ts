import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { allCommands, commandTable } from '../../src/cli/command-table.js';
import { completionScript, type Shell } from '../../src/cli/completion-command.js';
import { PROPAGATION_MODES } from '../../src/steps/propagation.js';
import { createProgram } from '../../src/cli/program.js';

const program = createProgram('1.2.3', () => undefined);
const runs = (shell: string): boolean => spawnSync(shell, ['-c', ':']).status === 0;
const inShell = (shell: Shell, what: string, test: Mocha.Func): void => {
  if (runs(shell)) it(`in ${shell} ${what}`, test);
  else it.skip(`in ${shell} ${what} (needs ${shell})`);
};

describe('completion', () => {
  let folder: string;
  const fileOf = (shell: Shell): string => join(folder, `nsinit.${shell}`);

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsinit-completion-'));
    mkdirSync(join(folder, 'rootfs'));
    writeFileSync(join(folder, 'root.json'), '');
    for (const shell of ['bash', 'zsh', 'fish'] as const)
      writeFileSync(fileOf(shell), completionScript(program, shell));
  });
  after(() => rmSync(folder, { recursive: true }));

  const shell = (name: Shell, options: readonly string[], script: string): string => {
    const run = spawnSync(name, [...options, '-c', script], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect(run.stderr).to.equal('');
    return run.stdout;
  };

  /** What bash offers for the last of these words. */
  const inBash = (...words: string[]): string[] => {
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const script = `source ${fileOf('bash')}; COMP_WORDS=(nsinit ${quoted}); COMP_CWORD=${words.length}
      _nsinit; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return shell('bash', ['--norc'], script).split('\n').filter(Boolean);
  };

  const inFish = (line: string): string[] =>
    shell('fish', ['--no-config'], `source ${fileOf('fish')}; complete -C '${line}'`)
      .split('\n')
      .map((offered) => offered.split('\t')[0] ?? '')
      .filter(Boolean);

  const commandNames = commandTable(program).commands.map(({ path }) => path[0]);
  const optionNames = (command: string): readonly string[] =>
    allCommands(commandTable(program))
      .filter(({ path }) => path.join(' ') === command)
      .flatMap(({ options }) => options.flatMap(({ names }) => names));

  inShell('bash', 'offers commands and options', () => {
    expect(inBash('')).to.deep.equal(commandNames);
    expect(inBash('ru')).to.deep.equal(['run']);
    expect(inBash('run', '--propagation', 'rs')).to.deep.equal(['rslave', 'rshared']);
    expect(inBash('help', 'ste')).to.deep.equal(['steps']);
    expect(inBash('run', '-')).to.have.members([...optionNames('run')]);
    expect(inBash('run', '--rootfs', '/srv', '--no-p')).to.deep.equal(['--no-pivot']);
  });

  inShell('bash', 'offers values', () => {
    expect(inBash('run', '--preset', 'st')).to.deep.equal(['standard']);
    expect(inBash('run', '--preset', '=', 'cl')).to.deep.equal(['classic']);
    expect(inBash('run', '--preset', '=')).to.deep.equal(['standard', 'classic']);
    expect(inBash('run', '--log-level', 'd')).to.deep.equal(['debug']);
    expect(inBash('run', '--config', 'root')).to.have.members(['root.json', 'rootfs']);
    expect(inBash('run', '--rootfs', 'root')).to.deep.equal(['rootfs']);
    expect(inBash('run', '--hostname', 'r')).to.deep.equal([]);
    expect(inBash('completion', '')).to.deep.equal(['bash', 'zsh', 'fish']);
  });

  inShell('bash', "offers programs, and files after the program's name", () => {
    expect(inBash('run', 'base')).to.include('basename');
    expect(inBash('run', '--tty', '--', 'cat', 'root')).to.have.members(['root.json', 'rootfs']);
    expect(inBash('run', 'cat', '--preset', 'st')).to.deep.equal([]);
  });

  inShell('fish', 'offers commands, options, values and files', () => {
    expect(inFish('nsinit ')).to.have.members(commandNames);
    expect(inFish('nsinit run --no-p')).to.deep.equal(['--no-pivot']);
    expect(inFish('nsinit run --preset ')).to.have.members(['standard', 'classic']);
    expect(inFish('nsinit run --rootfs root')).to.deep.equal(['rootfs/']);
    expect(inFish('nsinit completion z')).to.deep.equal(['zsh']);
  });

  inShell('zsh', 'offers the values of an option', function () {
    this.timeout(60_000);
    // A shell with a terminal: only there does zsh complete. It says when it edits a line:
    // what is typed before is echoed by the terminal.
    const script = `zmodload zsh/zpty
zpty z zsh -f -i
read_until() { local chunk; while zpty -r z chunk; do out+=$chunk; [[ $chunk == *$1* ]] && break; done }
zpty -w z "TERM=dumb; autoload -Uz compinit; compinit -D -u; source ${fileOf('zsh')}; zle-line-init() { print rea''dy; }; zle -N zle-line-init"
read_until ready
out=
zpty -w -n z $'nsinit run --preset \\t\\x15print do\\'\\'ne\\n'
read_until done
zpty -d z
print -r -- "$out"`;
    expect(shell('zsh', ['-f'], script)).to.match(/classic\s+standard/);
  });
});

describe('the table of commands', () => {
  it('has every mode of propagation', () => {
    const run = commandTable(program).commands.find(({ path }) => path[0] === 'run');
    const row = run?.options.find(({ names }) => names.includes('--propagation'));
    expect(row?.value?.choices).to.have.members([...PROPAGATION_MODES]);
  });

  it('has every option of commander, with what its value is', () => {
    const run = commandTable(program).commands.find(({ path }) => path[0] === 'run');
    const commander = program.commands.find((command) => command.name() === 'run');
    expect(optionFlags(run?.options)).to.deep.equal([
      ...optionFlags(commander?.options),
      '-h, --help',
    ]);
    const kinds = new Map(run?.options.map(({ names, value }) => [names.at(-1), value?.kind]));
    expect(['--config', '--rootfs', '--bind', '--env', '--tty'].map((name) => kinds.get(name)))
      .to // prettier-ignore
      .deep.equal(['file', 'directory', 'file', 'other', undefined]);
    expect(run?.argument?.kind).to.equal('program');
  });

  const optionFlags = (options: readonly { readonly flags: string }[] = []): string[] =>
    options.map(({ flags }) => flags);
});
