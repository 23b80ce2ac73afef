// Bundles the command into CommonJS files: unbundled ES modules cost 100 ms at start on Node 20.
// build/nsinit.cjs answers --version by itself. nsinit-program.cjs has the command line,
// nsinit-run.cjs what `nsinit run` needs beside it. What only other commands and options need is
// in files of its own. Each module is in one file, so that there is one copy of each class.
// It bundles what tsc wrote and not the sources, since that has the decorators' metadata.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { rolldown } from 'rolldown';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

// commander asks for it at once, for commands that are programs of their own: nsinit has none, and
// it costs 8 ms.
const NONE = '\0none';
const noChildProcess = {
  name: 'no-child-process',
  resolveId: (id, importer) =>
    id === 'node:child_process' && importer?.includes('/node_modules/commander/') ? NONE : null,
  load: (id) => (id === NONE ? 'module.exports = {};' : null),
};

// In a CommonJS file they are the same, and to make one costs 2 ms.
const ownRequire = {
  name: 'own-require',
  transform: (code) =>
    code
      .replaceAll('createRequire(import.meta.url)', 'module.require.bind(module)')
      .replace(/^import \{ createRequire \} from 'node:module';$/m, ''),
};

const GETTER =
  /Object\.defineProperty\(exports,"(\w+)",\{enumerable:(?:true|!0),get:function\(\)\{return (\w+)\}\}\)/g;
const escape = (text) => `\\u${text.charCodeAt(0).toString(16).padStart(4, '0')}`;

const quickToLoad = {
  name: 'quick-to-load',
  generateBundle: (_, bundle) => {
    for (const chunk of Object.values(bundle)) {
      chunk.code = chunk.code
        // Nothing that is exported changes later, and no file needs itself in a circle.
        .replace(GETTER, 'exports.$1=$2')
        // The loader of src/cli/code-cache.ts reads Latin-1, which is twice as fast as UTF-8.
        .replace(/[\u0080-\uffff]/g, escape);
    }
  },
};

// They stay, for stack traces.
const NAMES = { function: true, class: true };

const input = (file) => ({
  input: file,
  platform: 'node',
  external: ['koffi', 'winston'],
  // The ES modules of a package that has both, since only they can be left out in part.
  resolve: { mainFields: ['module', 'main'] },
  preserveEntrySignatures: 'allow-extension',
  transform: { target: 'node20', define: { NSINIT_VERSION: JSON.stringify(version) } },
  plugins: [noChildProcess, ownRequire, quickToLoad],
});
const output = {
  dir: 'build',
  format: 'cjs',
  entryFileNames: 'nsinit-[name].cjs',
  chunkFileNames: 'nsinit-[name].cjs',
  strict: true,
  minify: {
    compress: { keepNames: NAMES },
    mangle: { keepNames: NAMES },
    codegen: { removeWhitespace: true },
  },
};

/** The modules that are loaded with one of them, as the chunks of a bundle tell. */
function loadedWith(chunks, module, except = new Set()) {
  const loaded = new Set();
  const visit = ({ moduleIds, imports }) => {
    for (const id of moduleIds) if (!except.has(id)) loaded.add(id);
    for (const name of imports) {
      const chunk = chunks.find(({ fileName }) => fileName === name);
      if (chunk !== undefined) visit(chunk);
    }
  };
  visit(chunks.find(({ moduleIds }) => moduleIds.some((id) => id.endsWith(module))));
  return loaded;
}

for (const name of readdirSync('build'))
  if (/^nsinit.*\.(?:cjs|cache)$/.test(name)) rmSync(`build/${name}`);

const program = await rolldown(input('build/src/cli/program.js'));
const apart = (await program.generate(output)).output;
const first = loadedWith(apart, 'build/src/cli/program.js');
const run = loadedWith(apart, 'build/src/cli/run-command.js', first);
const groups = [
  { name: 'program', priority: 2, test: (id) => first.has(id) || id.startsWith('\0rolldown') },
  { name: 'run', priority: 1, test: (id) => run.has(id) },
];
await program.write({ ...output, codeSplitting: { groups } });
await program.close();

const main = await rolldown(input('build/src/cli/main.js'));
const file = { ...output, entryFileNames: 'nsinit.cjs', banner: '#!/usr/bin/env node' };
await main.write(file);
await main.close();
chmodSync('build/nsinit.cjs', 0o755);

// In a process of its own: what a container does to the process that starts it stays there.
spawnSync(process.execPath, ['scripts/warm-cli.mjs'], { stdio: ['ignore', 'ignore', 'inherit'] });
