import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { makeBareRoot, removeRoot, whyNoRoots } from '../integration/nsinit-command.js';

// What is loaded before the command: it writes down what is opened, and Node's own modules.
const WATCH = `
  const fs = require('node:fs');
  const opened = [];
  for (const name of ['openSync', 'readFileSync']) {
    const original = fs[name];
    fs[name] = (path, ...rest) => (opened.push(String(path)), original(path, ...rest));
  }
  process.on('exit', () => {
    const builtins = process.moduleLoadList;
    fs.writeFileSync(process.env.NSINIT_TEST_LOADED, JSON.stringify({ opened, builtins }));
  });
`;

describe('the start of the command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsinit-start-'));
  const watch = join(folder, 'watch.cjs');
  const loaded = join(folder, 'loaded.json');
  writeFileSync(watch, WATCH);

  after(() => rmSync(folder, { recursive: true }));

  /** Runs the command. @returns its own files that it has opened, and Node's modules. */
  function start(...args: readonly string[]): { files: Set<string>; builtins: Set<string> } {
    const env = { ...process.env, NSINIT_TEST_LOADED: loaded };
    const run = spawnSync(process.execPath, ['-r', watch, 'build/nsinit.cjs', ...args], { env });
    expect(run.status, run.stderr.toString()).to.equal(0);
    const { opened, builtins } = JSON.parse(readFileSync(loaded, 'utf8')) as {
      opened: string[];
      builtins: string[];
    };
    const files = opened.filter(
      (path) => path.includes('/build/') || path.includes('node_modules'),
    );
    return {
      files: new Set(
        files.map((path) => basename(path)).filter((name) => !name.endsWith('.cache')),
      ),
      builtins: new Set(builtins.map((name) => name.replace('NativeModule ', ''))),
    };
  }

  it('of a run loads what a run needs, and no more', function () {
    const why = whyNoRoots();
    if (why !== undefined) return this.skip();
    const root = makeBareRoot();
    try {
      const { files, builtins } = start('run', '--rootfs', root, '--', '/bin/sh', '-c', 'exit 0');
      expect([...files].filter((name) => name.startsWith('nsinit'))).to.have.members([
        'nsinit.cjs',
        'nsinit-run.cjs',
        'nsinit-shared.cjs',
      ]);
      expect(
        [...files].filter((name) => /winston|commander|tsyringe|Reflect|yaml|jsonc/.test(name)),
      ).to.be.empty;
      for (const slow of [
        'child_process',
        'worker_threads',
        'stream',
        'tty',
        'net',
        'perf_hooks',
        'os',
      ])
        expect(builtins.has(slow), slow).to.equal(false);
    } finally {
      removeRoot(root);
    }
  });

  it('of the help has the command line alone', () => {
    const { files } = start('--help');
    expect([...files]).not.to.include('nsinit-run.cjs');
    expect([...files].filter((name) => /winston|koffi/.test(name))).to.be.empty;
  });

  it('of the version has nothing', () => {
    expect([...start('--version').files]).to.have.members(['nsinit.cjs']);
  });
});
