import { createRequire } from 'node:module';

// The bundle is in build/, the modules are in build/src/cli.
function packageVersion(): string {
  const require = createRequire(import.meta.url);
  for (const up of ['../package.json', '../../../package.json']) {
    try {
      const { name, version } = require(up) as { name?: string; version?: string };
      if (name === 'nsinit' && version !== undefined) return version;
    } catch {
      // The other place.
    }
  }
  return 'unknown';
}

async function main(args: readonly string[]): Promise<void> {
  // Answered before anything is loaded.
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
    process.stdout.write(`${packageVersion()}\n`);
    return;
  }
  const { createProgram } = await import('./program.js');
  const program = createProgram(packageVersion(), (status) => {
    process.exitCode = status;
  });
  try {
    await program.parseAsync(['node', 'nsinit', ...args]);
  } catch (error) {
    process.exitCode = await exitStatus(error);
  }
}

async function exitStatus(error: unknown): Promise<number> {
  const { CommanderError } = await import('commander');
  // It has written what is wrong, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  process.stderr.write(`nsinit: ${error instanceof Error ? error.message : String(error)}\n`);
  return 2;
}

void main(process.argv.slice(2));
