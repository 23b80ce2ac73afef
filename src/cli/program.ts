import { Argument, Command, CommanderError, Option } from 'commander';
import { addConfinement } from './confinement-flags.js';
import { LOG_LEVELS } from '../logging.js';
import { complain, writeError } from './complain.js';
import { collectInOrder } from './mount-order.js';
import { parseBind, parseTmpfs } from './mount-options.js';
import type { PlanFlags } from './plan-command.js';
import type { RunFlags } from './run-options.js';
import type { PropagationMode } from '../steps/propagation.js';
import { print } from './print.js';
import { UsageError } from './usage-error.js';

// The step that has them is not loaded for the help.
const PROPAGATION_MODES = [
  'private',
  'rprivate',
  'slave',
  'rslave',
  'shared',
  'rshared',
] as const satisfies readonly PropagationMode[];

/** The exit status for what parsing the command line threw; it is told in one line. */
export function statusOfParsing(error: unknown): number {
  // It has written what is wrong, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  complain(error instanceof Error ? error.message : String(error));
  return 2;
}

/** In one line that names the program, as all others are; commander's are `error: …`, or two. */
function complainOfParsing(said: string): void {
  complain(
    said
      .trim()
      .replace(/^error: /, '')
      .replaceAll('\n', ' '),
  );
}

type Exit = (status: number) => void;

// In the order of the help.
const COMMANDS: ReadonlyMap<string, (program: Command, exit: Exit) => void> = new Map([
  ['run', addRun],
  ['plan', addPlan],
  ['steps', addSteps],
  ['doctor', addDoctor],
  ['schema', addSchema],
  ['completion', addCompletion],
]);

/**
 * The command line.
 *
 * @param exit takes the exit status.
 * @param asked the first argument: where it is a command, the others are not made.
 */
export function createProgram(version: string, exit: Exit, asked = ''): Command {
  const program = new Command('nsinit')
    .description("Sets up a container's root as a pipeline of steps, and starts a program in it")
    .version(version)
    .exitOverride()
    .enablePositionalOptions()
    .configureOutput({ writeOut: print, writeErr: writeError, outputError: complainOfParsing })
    .showSuggestionAfterError();
  const one = COMMANDS.get(asked);
  for (const add of one === undefined ? COMMANDS.values() : [one]) add(program, exit);
  return program;
}

function addSteps(program: Command): void {
  program
    .command('steps')
    .description('list the steps of a preset with what each does')
    .addOption(
      new Option('--preset <name>', 'which preset')
        .choices(['standard', 'classic'])
        .default('standard'),
    )
    .action(async ({ preset }: { preset: 'standard' | 'classic' }) => {
      const { listSteps } = await import('./steps-command.js');
      listSteps(preset, (line) => print(`${line}\n`));
    });
}

function addDoctor(program: Command, exit: Exit): void {
  program
    .command('doctor')
    .description('try out what works here for this user, and say what to change')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const { doctor } = await import('./doctor-command.js');
      exit(await doctor(json === true, print));
    });
}

function addSchema(program: Command): void {
  program
    .command('schema')
    .description('print the JSON schema of a configuration file')
    .action(async () => {
      const { schema } = await import('../config/config-schema.js');
      print(`${JSON.stringify(schema, null, 2)}\n`);
    });
}

function addCompletion(program: Command, exit: Exit): void {
  program
    .command('completion')
    .description("print a shell's completion script")
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { completionScript } = await import('./completion-command.js');
      // Of all commands, of which this program may have this one alone.
      const whole = createProgram(program.version() ?? '', exit);
      print(completionScript(whole, shell));
    });
}

function addRun(program: Command, exit: Exit): void {
  addRunOptions(
    program
      .command('run')
      .description('run a command in a root of its own')
      .argument('[command...]', 'the command and its arguments; needed without --bundle')
      .passThroughOptions(),
  ).action(async (command: string[], given: RunFlags, self: Command) => {
    const { statusOf } = await import('./run-command.js');
    exit(await run(command, given, ownFlags(self, given)).catch(statusOf));
  });
}

/** The flags that the command line has itself, which are no defaults. */
const ownFlags = (self: Command, given: RunFlags): readonly string[] =>
  Object.keys(given).filter((flag) => self.getOptionValueSource(flag) === 'cli');

function addPlan(program: Command, exit: Exit): void {
  addRunOptions(
    program
      .command('plan')
      .description('say what run would do with the same options, without doing it')
      .argument('[command...]', 'the command and its arguments; they change nothing in a plan')
      .passThroughOptions(),
  )
    .addOption(
      new Option('--format <format>', 'how the plan is printed')
        .choices(['text', 'json', 'mermaid', 'svg', 'html'])
        .default('text'),
    )
    .option('--json', 'the same as --format json')
    .option('--mermaid', 'the same as --format mermaid')
    .action(async (command: string[], given: PlanFlags, self: Command) => {
      const { statusOf } = await import('./run-command.js');
      const { planCommand } = await import('./plan-command.js');
      if (given.bundle !== undefined) {
        const { checkBundleFlags } = await import('./open-bundle.js');
        checkBundleFlags(ownFlags(self, given), ['format', 'json', 'mermaid']);
      }
      exit(await planCommand(command, given, print).catch(statusOf));
    });
}

/** What decides how a command is run; a plan takes the same. */
function addRunOptions(command: Command): Command {
  const collect = collectInOrder();
  const declared = command
    .addOption(
      new Option('--config <file>', 'take pipeline and options from a file').conflicts('preset'),
    )
    .option('--rootfs <dir>', 'the root; without it a throwaway copy of this machine')
    .option('--bundle <dir>', 'an OCI bundle: a directory with config.json')
    .addOption(
      new Option('--preset <name>', 'the pipeline')
        .choices(['standard', 'classic'])
        .default('standard'),
    )
    .option('--readonly', 'make the root read-only')
    .option('--no-pivot', 'move the root where it cannot be pivoted')
    .addOption(
      new Option(
        '--propagation <mode>',
        'how mounts spread between the host and the container',
      ).choices(PROPAGATION_MODES),
    )
    .option('--loop-devices', "copy the host's loop devices")
    .option(
      '--bind <src[:dst][:ro]>',
      'show a file or directory of the host; repeatable',
      collect(parseBind),
      [],
    )
    .option('--tmpfs <dst[:size]>', 'mount an empty tmpfs; repeatable', collect(parseTmpfs), [])
    .option('-t, --tty', 'give the command a new terminal')
    .option(
      '--env <k=v>',
      'set a variable; repeatable',
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option('--clear-env', 'start from an empty environment')
    .option('--cwd <dir>', 'the working directory in the container; / unless given')
    .option('--hostname <name>', 'the host name in the container')
    .option('--user <uid[:gid]>', 'who the command runs as')
    .option('--share-pid', 'keep the PID namespace')
    .option('--share-ipc', 'keep the IPC namespace')
    .option('--share-uts', 'keep the host name')
    .option('--unshare-net', 'a network of its own, with loopback alone');
  return addConfinement(declared)
    .option(
      '--trace <file>',
      'write every call of the set-up to a file, or to standard error with "-"',
    )
    .option('--trace-events <file>', 'write steps and calls with their times, for Perfetto')
    .option('--no-verify', 'do not compare the finished root with what was asked for')
    .option('--no-fallbacks', 'fail where something else than planned would have to be done')
    .option('--force', 'run although the plan has problems')
    .addOption(new Option('--log-level <level>', 'how much is logged').choices(LOG_LEVELS))
    .addOption(
      new Option('--log-format <format>', 'how it is logged')
        .choices(['text', 'json'])
        .default('text'),
    )
    .option('-q, --quiet', 'log nothing')
    .option('-v, --verbose', 'log what is done');
}

/** @param own the flags that the command line has itself, which are no defaults. */
async function run(
  command: readonly string[],
  given: RunFlags,
  own: readonly string[],
): Promise<number> {
  if (given.bundle !== undefined) {
    const { checkBundleFlags } = await import('./open-bundle.js');
    checkBundleFlags(own);
    const { runBundle } = await import('./run-bundle.js');
    return runBundle(given.bundle, command, given);
  }
  if (command.length === 0)
    throw new UsageError('there is no command: give one, or --bundle with a config.json');
  const { runCommand } = await import('./run-command.js');
  return runCommand(command, given);
}
