import { BundleFiles } from './code-cache.js';
import { print } from './print.js';
import { parsePlainRun, type PlainOptions } from './plain-run.js';

// This file works in the bundle that scripts/bundle-cli.mjs makes of it, a CommonJS file.
/** The version in package.json. */
declare const NSINIT_VERSION: string;
declare const NSINIT_PLAIN_OPTIONS: PlainOptions;

async function main(args: readonly string[]): Promise<void> {
  // Answered before anything is loaded.
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
    print(`${NSINIT_VERSION}\n`);
    return;
  }
  const files = new BundleFiles(__dirname, module, require.cache);
  const exit = (status: number): void => {
    process.exitCode = status;
  };
  const plain = parsePlainRun(args, NSINIT_PLAIN_OPTIONS);
  if (plain !== undefined) {
    const { runCommand, statusOf, isSilent } = files.require(
      './nsinit-run.cjs',
    ) as typeof import('./run-command.js');
    exit(await runCommand(plain.command, plain.given).catch(statusOf));
    if (isSilent(plain.given)) process.exit();
    return;
  }
  const { createProgram, statusOfParsing } = files.require(
    './nsinit-program.cjs',
  ) as typeof import('./program.js');
  try {
    await createProgram(NSINIT_VERSION, exit, args[0]).parseAsync(['node', 'nsinit', ...args]);
  } catch (error) {
    process.exitCode = statusOfParsing(error);
  }
}

void main(process.argv.slice(2));
