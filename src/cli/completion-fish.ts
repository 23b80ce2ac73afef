import { allCommands, type CommandRow, type OptionRow, type ValueRow } from './command-table.js';

/** A completion for fish. */
export function fishCompletion(table: CommandRow): string {
  const lines = allCommands(table).flatMap((command) => {
    const when = condition(command);
    const words = command.commands.map(
      ({ path, description }) => `-a ${quote(String(path.at(-1)))} -d ${quote(description)}`,
    );
    const argument =
      command.argument === undefined ? [] : [`${completeArgument(command.argument)}`];
    return [...words, ...command.options.map(optionSpec), ...argument].map(
      (spec) => `complete -c nsinit -n ${quote(when)} ${spec}`,
    );
  });
  return `# fish completion for nsinit; load it with: nsinit completion fish | source
complete -c nsinit -f
${lines.join('\n')}
`;
}

const quote = (text: string): string => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;

function condition({ path, commands }: CommandRow): string {
  const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const below = commands.map(({ path: sub }) => sub.at(-1)).join(' ');
  const none = below === '' ? [] : [`not __fish_seen_subcommand_from ${below}`];
  return [...seen, ...none].join('; and ');
}

function optionSpec({ names, description, value }: OptionRow): string {
  const flags = names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  return [
    ...flags,
    `-d ${quote(description)}`,
    ...(value === undefined ? [] : [complete(value)]),
  ].join(' ');
}

function complete({ kind, choices }: ValueRow): string {
  if (choices.length > 0) return `-x -a ${quote(choices.join(' '))}`;
  if (kind === 'directory') return "-x -a '(__fish_complete_directories)'";
  return kind === 'file' ? '-r -F' : '-x';
}

function completeArgument({ kind, choices }: ValueRow): string {
  if (choices.length > 0) return `-a ${quote(choices.join(' '))}`;
  return kind === 'program' ? "-a '(__fish_complete_subcommand)'" : '-F';
}
