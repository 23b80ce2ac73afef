import { allCommands, type CommandRow, type OptionRow, type ValueRow } from './command-table.js';

/** A completion for zsh, to be a file `_nsinit` in its fpath, or to be sourced. */
export function zshCompletion(table: CommandRow): string {
  return `#compdef nsinit
# zsh completion for nsinit; load it with: source <(nsinit completion zsh)
${allCommands(table).map(completer).join('\n')}
if [[ $funcstack[1] == _nsinit ]]; then _nsinit "$@"; else compdef _nsinit nsinit; fi
`;
}

const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
const escape = (text: string): string => text.replaceAll(/[[\]:\\]/g, String.raw`\$&`);
const nameOf = (path: readonly string[]): string => ['_nsinit', ...path].join('_');

function completer({ path, options, commands, argument }: CommandRow): string {
  const name = nameOf(path);
  const specs = options.map(optionSpec);
  if (commands.length > 0) {
    const listed = commands.map(({ path: sub, description }) =>
      quote(`${sub.at(-1)}:${escape(description)}`),
    );
    const cases = commands.map(({ path: sub }) => `      ${sub.at(-1)}) ${nameOf(sub)} ;;`);
    return `${name}() {
  local curcontext="$curcontext" state
  local -a commands=(${listed.join(' ')})
  _arguments -C ${[...specs, "'1: :->command'", "'*:: :->rest'"].join(' \\\n    ')}
  case $state in
    command) _describe command commands ;;
    rest) case $words[1] in
${cases.join('\n')}
    esac ;;
  esac
}`;
  }
  // Options end where the program begins.
  const stop = argument?.kind === 'program' ? "-A '-*' " : '';
  return `${name}() {
  _arguments -s -S ${stop}${[...specs, ...argumentSpec(argument)].join(' \\\n    ')}
}`;
}

function optionSpec({ names, description, value, flags }: OptionRow): string {
  const repeatable = value !== undefined && /repeatable/.test(description);
  const exclude = repeatable ? '*' : names.length > 1 ? `(${names.join(' ')})` : '';
  const action = value === undefined ? '' : `:${escape(value.name)}:${complete(value)}`;
  const text = `[${escape(description === '' ? flags : description)}]${action}`;
  return names.length > 1
    ? `${quote(exclude)}{${names.join(',')}}${quote(text)}`
    : quote(`${exclude}${names[0]}${text}`);
}

function argumentSpec(argument: ValueRow | undefined): string[] {
  if (argument === undefined) return [];
  if (argument.kind === 'program') return ["'*:::command:_normal'"];
  return [quote(`1:${escape(argument.name)}:${complete(argument)}`)];
}

function complete({ kind, choices }: ValueRow): string {
  if (choices.length > 0) return `(${choices.join(' ')})`;
  return kind === 'file' ? '_files' : kind === 'directory' ? '_files -/' : ' ';
}
