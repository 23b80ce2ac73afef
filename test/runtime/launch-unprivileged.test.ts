import { expect } from 'chai';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findBusybox } from './busybox-root.js';

const IDENTITY = ['--reuid=65534', '--regid=65534', '--clear-groups'];
const OPTIONS = ['--no-config', '--timeout', '20000', '--reporter', 'json'];
/** How many tests of each file have to pass at least. */
const FEWEST: Readonly<Record<string, number>> = {
  'launch.test.js': 40,
  'abort.test.js': 2,
  'pool.test.js': 18,
  'nothing-of-node.test.js': 3,
  'die-with-parent.test.js': 3,
  'replayed-launch.test.js': 10,
};
const MOCHA = join(
  dirname(createRequire(import.meta.url).resolve('mocha/package.json')),
  'bin/mocha.js',
);

interface Results {
  readonly failures: readonly { readonly fullTitle: string; readonly err: { stack?: string } }[];
  readonly passes: readonly { readonly file: string }[];
}

/** Runs a program as an ordinary user, with none of this process's environment. */
const asNobody = (program: string, ...args: readonly string[]): SpawnSyncReturns<string> =>
  spawnSync('setpriv', [...IDENTITY, program, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: '/' },
  });

/** Why an ordinary user could not run the tests, or undefined. */
function whyNot(): string | undefined {
  if (process.geteuid?.() !== 0) return 'they run as this user already';
  const busybox = findBusybox();
  if ('missing' in busybox) return busybox.missing;
  const applet = asNobody(busybox.path, 'true');
  if (applet.error !== undefined) return `setpriv(1) is needed: ${applet.error.message}`;
  if (applet.status !== 0) return `uid 65534 cannot execute ${busybox.path}: ${applet.stderr}`;
  const readable = asNobody(process.execPath, '--check', MOCHA);
  if (readable.status !== 0) return `uid 65534 cannot read this folder: ${readable.stderr}`;
  const namespace = asNobody('unshare', '--user', 'true');
  return namespace.status === 0 ? undefined : `user namespaces are off: ${namespace.stderr}`;
}

describe('as an ordinary user, started by root', () => {
  before(function () {
    const why = whyNot();
    if (why === undefined) return;
    console.log(`      skipped: ${why}`);
    this.skip();
  });

  it('behaves the same', function () {
    this.timeout(120_000);
    const files = Object.keys(FEWEST).map((name) =>
      fileURLToPath(new URL(`./${name}`, import.meta.url)),
    );
    const args = [MOCHA, ...OPTIONS, '--require', 'reflect-metadata', ...files];
    const { stdout, stderr } = asNobody(process.execPath, ...args);
    // What the tests print comes before the results.
    const start = stdout.indexOf('{\n');
    if (start < 0) expect.fail(`no results: ${stdout}${stderr}`);
    const { failures, passes } = JSON.parse(stdout.slice(start)) as Results;
    const told = failures.map(({ fullTitle, err }) => `${fullTitle}: ${err.stack}`);
    expect(told.join('\n')).to.equal('');
    for (const [name, fewest] of Object.entries(FEWEST)) {
      const passed = passes.filter(({ file }) => file.endsWith(name)).length;
      expect(passed, name).to.be.at.least(fewest);
    }
  });
});
