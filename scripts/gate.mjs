// The gate: what only reads the sources runs beside the tests, which leave a processor idle.
import { spawn, spawnSync } from 'node:child_process';

const npm = ['npm', 'run', '--silent'];

/** Runs a script to its end, its output kept together. */
function beside(script) {
  const child = spawn(npm[0], [...npm.slice(1), script], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ script, code, output }));
  });
}

function before(script) {
  const { status } = spawnSync(npm[0], [...npm.slice(1), script], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

// It packs the package, and what is packed may not change meanwhile.
before('publint');
const checks = ['lint', 'format:check', 'deps'].map(beside);
// Most files wait for processes that they start: two at a time take two thirds of the time.
const two = ['--', '--parallel', '--jobs', '2'];
const tests = spawn(npm[0], [...npm.slice(1), 'test:unit', ...two], { stdio: 'inherit' });
const tested = await new Promise((resolve) => {
  tests.on('close', (code) => resolve(code ?? 1));
});
const failed = (await Promise.all(checks)).filter(({ code }) => code !== 0);
for (const { script, output } of failed) console.log(`\n${script} failed:\n${output}`);
process.exitCode = tested || (failed.length === 0 ? 0 : 1);
