import type { Command } from 'commander';
import { commandTable, type CommandRow } from './command-table.js';
import { bashCompletion } from './completion-bash.js';
import { fishCompletion } from './completion-fish.js';
import { zshCompletion } from './completion-zsh.js';

/** The shells that there is a completion for. */
export type Shell = 'bash' | 'zsh' | 'fish';

const SCRIPTS: Readonly<Record<Shell, (table: CommandRow) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** `nsinit completion`: a shell's script, made from the commands themselves. */
export function completionScript(program: Command, shell: Shell): string {
  return SCRIPTS[shell](commandTable(program));
}
