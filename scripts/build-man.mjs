// Writes the manual page from the command's own table, so that nothing is written twice.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { allCommands, commandTable } from '../build/src/cli/command-table.js';
import { createProgram } from '../build/src/cli/program.js';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const table = commandTable(createProgram(version, () => undefined));

/** Text as roff(7) takes it: no escapes, no requests, minus signs that can be searched for. */
const text = (line) =>
  line
    .replaceAll('\\', String.raw`\e`)
    .replaceAll('-', String.raw`\-`)
    .replace(/^[.']/, String.raw`\&$&`);
const bold = (line) => String.raw`\fB${text(line)}\fR`;
const sentence = (line) => text(line.endsWith('.') ? line : `${line}.`);
const entry = (term, ...lines) => ['.TP', term, ...lines];

const option = ({ flags, description, value }) => {
  const [names, shown = ''] = flags.split(/(?= [<[])/);
  const choices =
    value === undefined || value.choices.length === 0
      ? []
      : [`One of ${value.choices.join(', ')}.`];
  const term = `${bold(names)}${shown === '' ? '' : String.raw`\fI${text(shown)}\fR`}`;
  return entry(term, sentence(description), ...choices.map(text));
};

const commands = allCommands(table).slice(1);
const statuses = [
  [
    '0\\-255',
    'The status of the command that was run; 128 and the number of a signal that ended it.',
  ],
  ['2', 'The command line or a configuration file is wrong. Nothing was done.'],
  ['125', 'The set\\-up failed. Nothing is left of it.'],
  ['126', 'The command was found and cannot be run.'],
  ['127', 'There is no such command.'],
];
const page = [
  `.TH NSINIT 1 "" "nsinit ${text(version)}"`,
  '.SH NAME',
  String.raw`nsinit \- set up a container's root, and start a program in it`,
  '.SH SYNOPSIS',
  ...commands.flatMap(({ usage }) => ['.PP', bold(usage)]),
  '.SH DESCRIPTION',
  sentence(table.description),
  'Options of a command stand behind its name.',
  '.SH OPTIONS',
  ...table.options.flatMap(option),
  '.SH COMMANDS',
  ...commands.flatMap(({ path, description, options }) => [
    `.SS ${path.join(' ')}`,
    sentence(description.replace(/^./, (first) => first.toUpperCase())),
    ...options.flatMap(option),
  ]),
  '.SH EXIT STATUS',
  ...statuses.flatMap(([status, meaning]) => entry(String.raw`\fB${status}\fR`, meaning)),
  '.SH EXAMPLES',
  '.PP',
  'A shell in a throwaway copy of this machine, without a network:',
  '.PP',
  '.EX',
  text('  nsinit run --tty --unshare-net sh'),
  '.EE',
  '.PP',
  'A pipeline from a file:',
  '.PP',
  '.EX',
  text('  nsinit run --config nsinit.config.yaml -- make test'),
  '.EE',
  '.SH SEE ALSO',
  ['unshare(1)', 'mount_namespaces(7)', 'user_namespaces(7)', 'pivot_root(2)']
    .map((name) => name.replace(/^\w+/, String.raw`\fB$&\fR`))
    .join(', '),
];
mkdirSync('build/man', { recursive: true });
writeFileSync('build/man/nsinit.1', `${page.join('\n')}\n`);
