import { readFileSync } from 'node:fs';
import type { RunningProcess } from '../runtime/running-process.js';

const FORWARDED: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGCONT',
];

/** What a key of the terminal sends, to every process of its foreground group (termios(3)). */
const BY_KEY: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT']);

/** Passes the signals that this process gets on to the command. @returns what ends it. */
export function forwardSignals(running: RunningProcess): () => void {
  const forward = (signal: NodeJS.Signals): void => {
    if (!BY_KEY.has(signal) || !isInForeground(running.pids.command)) running.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  return () => {
    for (const signal of FORWARDED) process.off(signal, forward);
  };
}

/**
 * Whether the command is in this process's group, and that in the foreground of its terminal: then
 * the command has got what a key sends. Many programs take a second one for a wish to be killed.
 */
function isInForeground(command: number): boolean {
  try {
    const { group, foreground } = groupsOf('self');
    return group === foreground && group === groupsOf(command).group;
  } catch {
    return false;
  }
}

/** proc_pid_stat(5), behind the name of the program, which may have spaces and brackets. */
function groupsOf(pid: number | 'self'): { group: number; foreground: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { group: Number(group), foreground: Number(foreground) };
}
