// Lets the command run once, and keeps what V8 has compiled of it by then beside the bundle. Where
// no container can be made here, the functions that only a run needs are missing.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BundleFiles, writeCodeCache } from '../build/src/cli/code-cache.js';

// What `nsinit run` and the help load.
const NEEDED = ['shared', 'rolldown-runtime', 'program', 'run'];

// As that of the file that loads them.
const file = resolve('build/nsinit.cjs');
const require = createRequire(file);
const paths = require.resolve.paths('koffi');
const parent = Object.assign(new Module(file), { filename: file, paths });
const files = new BundleFiles(resolve('build'), parent, require.cache, true);
const [{ createProgram }] = ['program', 'run'].map((name) => files.require(`./nsinit-${name}.cjs`));
const root = mkdtempSync(join(tmpdir(), 'nsinit-build-'));
// A program that needs nothing else, and ends at once.
copyFileSync(`native/stub-${process.arch}`, join(root, 'stub'));
const start = async (command) => {
  let status;
  const args = [command, '--rootfs', root, '--', '/stub'];
  const nsinit = createProgram('', (result) => (status = result), command);
  await nsinit.parseAsync(['node', 'nsinit', ...args]);
  return status;
};
try {
  // A plan has the steps run as well, on the model.
  if ((await start('run')) === 125) await start('plan');
} finally {
  rmSync(root, { recursive: true });
}
for (const name of NEEDED) {
  const path = resolve(`build/nsinit-${name}.cjs`);
  writeCodeCache(path, files.scripts.get(path));
}
