import type { Command } from 'commander';

/** What is wrong with the `nsinit` commands of a script: subcommands and options that do not exist. */
export function wrongCommands(script: string, program: Command): string[] {
  return nsinitCommands(script).flatMap((words) => checkWords(words, program));
}

/** The words behind each `nsinit` that starts a command. */
export function nsinitCommands(script: string): string[][] {
  return script
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.replace(/^\s*[$#] /, ''))
    .flatMap((line) => line.split(/\s(?:&&|\|\||\||;)\s|\$\(/))
    .map((command) => command.match(/'[^']*'|"[^"]*"|[^\s'"]+/g) ?? [])
    .map((words) => words.slice(words.findIndex((word) => !isPrefix(word))))
    .filter(([first]) => first === 'nsinit')
    .map((words) => words.slice(1));
}

const isPrefix = (word: string): boolean =>
  /^(sudo|npx|exec|time|doas|!|\w+=.*)$/.test(word) && word !== 'nsinit';

function checkWords(words: readonly string[], program: Command): string[] {
  let command = program;
  const wrong: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '--') break;
    if (word.startsWith('-') && word !== '-') {
      const [name = '', value] = word.replace(/[\])…]+$/, '').split('=');
      if (/^(--help|-h|--version|-V)$/.test(name)) continue;
      const option = command.options.find(({ long, short }) => long === name || short === name);
      if (option === undefined) wrong.push(`nsinit ${command.name()} has no option ${name}`);
      else if (value === undefined && option.required) index += 1;
      continue;
    }
    const sub = command.commands.find(
      (candidate) => candidate.name() === word || candidate.aliases().includes(word),
    );
    if (sub !== undefined) command = sub;
    else if (command.commands.length > 0) return [...wrong, `there is no nsinit ${word}`];
    // The command to be run: what follows is its own.
    else if (command.name() === 'run') break;
  }
  return wrong;
}
