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
  const { createProgram, statusOfParsing } = await import('./program.js');
  const program = createProgram(packageVersion(), (status) => {
    process.exitCode = status;
  });
  try {
    await program.parseAsync(['node', 'nsinit', ...args]);
  } catch (error) {
    process.exitCode = statusOfParsing(error);
  }
}

void main(process.argv.slice(2));
