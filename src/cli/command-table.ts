import type { Command, Option } from 'commander';

/** What a value is, as far as it can be completed. */
export type ValueKind = 'file' | 'directory' | 'program' | 'other';

/** A value of an option, or an argument. */
export interface ValueRow {
  readonly name: string;
  readonly kind: ValueKind;
  readonly choices: readonly string[];
}

/** An option of a command. */
export interface OptionRow {
  /** As the help has it: `-t, --tty`. */
  readonly flags: string;
  /** Each of its names. */
  readonly names: readonly string[];
  readonly description: string;
  readonly value?: ValueRow;
}

/** A command with what may follow it. */
export interface CommandRow {
  /** The words after `nsinit`; none for nsinit itself. */
  readonly path: readonly string[];
  readonly usage: string;
  readonly description: string;
  readonly options: readonly OptionRow[];
  readonly commands: readonly CommandRow[];
  /** Its first argument. */
  readonly argument?: ValueRow;
}

/** The commands and options as data, for completion and the manual page. */
export function commandTable(command: Command, path: readonly string[] = []): CommandRow {
  const help = command.createHelp();
  const subcommands = help.visibleCommands(command);
  const [argument] = command.registeredArguments;
  return {
    path,
    usage: help.commandUsage(command),
    description: command.description(),
    options: help.visibleOptions(command).map(optionRow),
    commands: subcommands.map((sub) => {
      const row = commandTable(sub, [...path, sub.name()]);
      // Commander's own: its argument is another command, and not a program.
      if (sub.name() !== 'help') return row;
      const usage = `${command.name()} help [command]`;
      return { ...row, usage, argument: valueRow('name', subcommands.map(nameOf)) };
    }),
    ...(argument === undefined ? {} : { argument: valueRow(argument.name(), argument.argChoices) }),
  };
}

const nameOf = (command: Command): string => command.name();

/** A command and all below it. */
export function allCommands(table: CommandRow): readonly CommandRow[] {
  return [table, ...table.commands.flatMap(allCommands)];
}

function optionRow(option: Option): OptionRow {
  const names = [option.short, option.long].filter((name) => name !== undefined);
  const row = { flags: option.flags, names, description: option.description };
  if (!option.required && !option.optional) return row;
  const name = /[<[]([^>\]:=[]+)/.exec(option.flags)?.[1] ?? 'value';
  return { ...row, value: valueRow(name, option.argChoices) };
}

// What the help calls a value says what it is.
const KINDS: Readonly<Record<string, ValueKind>> = {
  file: 'file',
  path: 'file',
  src: 'file',
  dir: 'directory',
  command: 'program',
};

function valueRow(name: string, choices: readonly string[] = []): ValueRow {
  return { name, kind: KINDS[name] ?? 'other', choices };
}
