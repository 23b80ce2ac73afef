import { Option, type Command } from 'commander';

/** The options of `nsinit run` that take something from the command, as commander reads them. */
export interface ConfinementFlags {
  readonly capDrop: readonly string[];
  readonly capAdd: readonly string[];
  readonly newPrivileges: boolean;
  readonly rlimit: readonly string[];
  readonly seccomp?: string;
  readonly timeout?: string;
  readonly killSignal: string;
  readonly newSession?: boolean;
  readonly join: readonly string[];
  readonly mapUser?: 'single' | 'ranges' | 'auto';
}

const append = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Declares them. */
export function addConfinement(command: Command): Command {
  return command
    .option('--cap-drop <names>', 'take capabilities away, or ALL; repeatable', append, [])
    .option('--cap-add <names>', 'keep capabilities all the same, or ALL; repeatable', append, [])
    .option('--no-new-privileges', 'let no program that is executed gain any')
    .option('--rlimit <name=soft[:hard]>', 'set a resource limit; repeatable', append, [])
    .option('--seccomp <file>', 'filter system calls by a profile, or by compiled instructions')
    .option('--timeout <time>', 'end the command after so many seconds, or 500ms, 2m, 1h')
    .option('--kill-signal <signal>', 'what --timeout sends', 'SIGKILL')
    .option(
      '--new-session',
      "let the command lead a session, out of reach of the caller's terminal",
    )
    .option('--join <namespace=file>', 'join a namespace that exists; repeatable', append, [])
    .addOption(
      new Option(
        '--map-user <how>',
        'make a user namespace with one id, those of /etc/subuid, or whichever can be',
      ).choices(['single', 'ranges', 'auto']),
    );
}
