import { compiledFiles } from './code-cache.js';

// This file works in the bundle that scripts/bundle-cli.mjs makes of it, a CommonJS file.
/** The version in package.json. */
declare const NSINIT_VERSION: string;

// Others load that file too, as far as they need it, but not so often.
const RUNS: ReadonlySet<string> = new Set(['run', 'plan']);

async function main(args: readonly string[]): Promise<void> {
  // Answered before anything is loaded.
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
    process.stdout.write(`${NSINIT_VERSION}\n`);
    return;
  }
  const load = compiledFiles(module, require);
  const { createProgram, statusOfParsing } = load<typeof import('./program.js')>(
    `${__dirname}/nsinit-program.cjs`,
  ).exports;
  if (args[0] !== undefined && RUNS.has(args[0])) load(`${__dirname}/nsinit-run.cjs`);
  const exit = (status: number): void => {
    process.exitCode = status;
  };
  try {
    await createProgram(NSINIT_VERSION, exit, args[0]).parseAsync(['node', 'nsinit', ...args]);
  } catch (error) {
    process.exitCode = statusOfParsing(error);
  }
}

void main(process.argv.slice(2));
