import { allCommands, type CommandRow, type ValueRow } from './command-table.js';

/** A completion for bash, without the package bash-completion. */
export function bashCompletion(table: CommandRow): string {
  const commands = allCommands(table);
  const subcommands = commands.slice(1).map(({ path }) => quote(` ${path.join(' ')}`));
  const withValue = commands.flatMap(({ path, options }) =>
    options
      .filter(({ value }) => value !== undefined)
      .flatMap(({ names }) => names.map((name) => quote(`${place(path)} ${name}`))),
  );
  return `# bash completion for nsinit; load it with: source <(nsinit completion bash)
_nsinit() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
  local command= argument= i word
  # "=" is a word of its own.
  if [[ $cur == = ]]; then cur=
  elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$command $word" in
      ${subcommands.join(' | ')}) command="$command $word" ;;
      ${withValue.join(' | ')})
        ((i++))
        [[ \${COMP_WORDS[i]} != = ]] || ((i++)) ;;
      *' --') argument=yes; break ;;
      *' -'*) ;;
      *) argument=yes; break ;;
    esac
  done
  if [[ $argument ]]; then
    _nsinit_files -f
    return
  fi
  case "$command $prev" in
${commands.flatMap(valueCases).join('\n')}
  esac
  case "$command $cur" in
${commands.map(optionCase).join('\n')}
  esac
  case "$command" in
${commands.map(wordCase).join('\n')}
  esac
}
_nsinit_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
_nsinit_files() {
  compopt -o filenames 2> /dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}
complete -F _nsinit nsinit
`;
}

const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
const place = (path: readonly string[]): string => path.map((word) => ` ${word}`).join('');

function valueCases({ path, options }: CommandRow): string[] {
  return options.flatMap(({ names, value }) =>
    value === undefined
      ? []
      : [
          `    ${names.map((name) => quote(`${place(path)} ${name}`)).join(' | ')}) ${complete(value)}; return ;;`,
        ],
  );
}

function optionCase({ path, options }: CommandRow): string {
  const names = options.flatMap((option) => option.names).join(' ');
  return `    ${quote(`${place(path)} -`)}*) _nsinit_words ${quote(names)}; return ;;`;
}

function wordCase({ path, commands, argument }: CommandRow): string {
  const words = commands.map(({ path: sub }) => sub.at(-1)).join(' ');
  const completed = argument === undefined ? `_nsinit_words ${quote(words)}` : complete(argument);
  return `    ${quote(place(path))}) ${completed} ;;`;
}

function complete({ kind, choices }: ValueRow): string {
  if (choices.length > 0) return `_nsinit_words ${quote(choices.join(' '))}`;
  switch (kind) {
    case 'file':
      return '_nsinit_files -f';
    case 'directory':
      return '_nsinit_files -d';
    case 'program':
      return '_nsinit_files -c';
    case 'other':
      return 'COMPREPLY=()';
  }
}
