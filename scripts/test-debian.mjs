// Runs the tests that look at a finished root on a Debian root as well, which debootstrap makes.
// NSINIT_DEBIAN_MIRROR names another mirror than debootstrap's own.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const run = (file, args, env = process.env) => {
  const { status, error } = spawnSync(file, args, { stdio: 'inherit', env });
  if (error !== undefined) throw error;
  return status ?? 1;
};

const directory = mkdtempSync(join(tmpdir(), 'nsinit-debian-'));
const root = join(directory, 'root');
const mirror = process.env.NSINIT_DEBIAN_MIRROR ?? '';
try {
  const made = run('debootstrap', [
    '--variant=minbase',
    'stable',
    root,
    ...(mirror === '' ? [] : [mirror]),
  ]);
  process.exitCode =
    made ||
    run(
      process.execPath,
      ['node_modules/mocha/bin/mocha.js', '--grep', 'nsinit run shows in a Debian root'],
      { ...process.env, NSINIT_DEBIAN_ROOT: root },
    );
} finally {
  rmSync(directory, { recursive: true, force: true });
}
