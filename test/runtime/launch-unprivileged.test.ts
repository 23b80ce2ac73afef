import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NOBODY = '65534';

describe('launch, as an ordinary user, started by root', () => {
  it('behaves the same', function () {
    this.timeout(60_000);
    if (process.geteuid?.() !== 0) {
      console.log('      skipped: launch.test runs as this user already');
      this.skip();
    }
    const mocha = join(
      dirname(createRequire(import.meta.url).resolve('mocha/package.json')),
      'bin/mocha.js',
    );
    const file = fileURLToPath(new URL('./launch.test.js', import.meta.url));
    const identity = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
    const options = [
      '--no-config',
      '--timeout',
      '20000',
      '--reporter',
      'dot',
      '--require',
      'reflect-metadata',
    ];
    const run = spawnSync('setpriv', [...identity, process.execPath, mocha, ...options, file], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: '/' },
    });
    if (run.error !== undefined) {
      console.log(`      skipped: setpriv(1) is needed: ${run.error.message}`);
      this.skip();
    }
    expect(run.status, run.stdout + run.stderr).to.equal(0);
    expect(run.stdout).to.match(/[4-9]\d passing/);
  });
});
