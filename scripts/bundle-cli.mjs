// Bundles the command into CommonJS files: unbundled ES modules cost 100 ms at start on Node 20.
// build/nsinit.cjs answers --version by itself. nsinit-run.cjs has what `nsinit run` needs,
// nsinit-program.cjs the command line with commander, nsinit-shared.cjs what both have. What other
// commands and options need is in files of its own. Each module is in one file, so that there is
// one copy of each class. It bundles what tsc wrote and not the sources, since that has the
// decorators' metadata.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { plainOptionsOf } from '../build/src/cli/plain-options.js';
import { createProgram } from '../build/src/cli/program.js';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const run = createProgram(version, () => undefined, 'run').commands[0];

// What `nsinit run` loads.
const TOGETHER = new Set(['shared', 'program', 'run']);

// commander asks for child_process at once, for commands that are programs of their own: nsinit has
// none, and it costs 8 ms. reflect-metadata comes with the steps of others that need it.
const NO_MODULE = '\0no-module.cjs';
const NO_EFFECT = '\0no-effect.js';
const leaveOut = {
  name: 'leave-out',
  resolveId(id, importer) {
    if (id === 'reflect-metadata') return NO_EFFECT;
    const byCommander = importer?.includes('/node_modules/commander/');
    return id === 'node:child_process' && byCommander ? NO_MODULE : null;
  },
  load: (id) => ({ [NO_MODULE]: 'module.exports = {};', [NO_EFFECT]: 'export {};' })[id] ?? null,
};

// In a CommonJS file they are the same, and to make one costs 2 ms.
const ownRequire = {
  name: 'own-require',
  transform: (code) =>
    code
      .replaceAll('createRequire(import.meta.url)', 'module.require.bind(module)')
      .replace(/^import \{ createRequire \} from 'node:module';$/m, ''),
};

const EXPORT =
  /(?:Object\.defineProperty\(exports,"([\w$]+)",\{enumerable:(?:true|!0),get:function\(\)\{return ([\w$]+)\}\}\)|exports\.([\w$]+)=([\w$]+))[,;]?/g;
const EXPORTS = new RegExp(`(?:${EXPORT.source})+\\s*$`);

/** One object instead of a property at a time, each with a getter. Nothing exported changes later. */
const exportAtOnce = (code, { length }) =>
  code.replace(EXPORTS, (exported) => {
    const entries = [...exported.matchAll(EXPORT)].map(
      ([, name, value, sameName = name, sameValue = value]) => `${sameName}:${sameValue}`,
    );
    if (entries.length !== length) throw new Error(`${length} exports, not ${entries.length}`);
    return `module.exports={${entries.join(',')}};\n`;
  });

const escape = (text) => `\\u${text.charCodeAt(0).toString(16).padStart(4, '0')}`;

const quickToLoad = {
  name: 'quick-to-load',
  generateBundle: (_, bundle) => {
    for (const chunk of Object.values(bundle)) {
      // The loader of src/cli/code-cache.ts reads Latin-1, which is twice as fast as UTF-8.
      const ascii = chunk.code.replace(/[\u0080-\uffff]/g, escape);
      chunk.code = TOGETHER.has(chunk.name) ? exportAtOnce(ascii, chunk.exports) : ascii;
    }
  },
};

// Node's table is in a module that nothing else needs, and is the same on x64 and arm64.
const signals = {
  name: 'signals',
  transform: (code, id) =>
    id.endsWith('/build/src/runtime/signals.js')
      ? code.replace(
          /^import \{ constants \} from 'node:os';$/m,
          `const constants = ${JSON.stringify({ signals: constants.signals })};`,
        )
      : null,
};

// They stay, for stack traces.
const NAMES = { function: true, class: true };

const input = (file) => ({
  input: file,
  platform: 'node',
  external: ['koffi', 'winston'],
  // The ES modules of a package that has both, since only they can be left out in part.
  resolve: {
    mainFields: ['module', 'main'],
    alias: { tsyringe: resolve('build/src/cli/light-injection.js') },
  },
  preserveEntrySignatures: 'allow-extension',
  transform: {
    target: 'node20',
    define: {
      NSINIT_VERSION: JSON.stringify(version),
      NSINIT_PLAIN_OPTIONS: JSON.stringify(plainOptionsOf(run)),
    },
  },
  plugins: [leaveOut, ownRequire, signals, quickToLoad],
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
function loadedWith(chunks, module) {
  const loaded = new Set();
  const visit = ({ moduleIds, imports }) => {
    for (const id of moduleIds) loaded.add(id);
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

const program = await rolldown(
  input({ program: 'build/src/cli/program.js', run: 'build/src/cli/run-command.js' }),
);
const apart = (await program.generate(output)).output;
const withProgram = loadedWith(apart, 'build/src/cli/program.js');
const withRun = loadedWith(apart, 'build/src/cli/run-command.js');
const isShared = (id) => (withProgram.has(id) && withRun.has(id)) || id.startsWith('\0rolldown');
const groups = [
  { name: 'shared', priority: 2, test: isShared },
  { name: 'program', priority: 1, test: (id) => withProgram.has(id) },
  { name: 'run', priority: 1, test: (id) => withRun.has(id) },
];
await program.write({ ...output, codeSplitting: { groups } });
await program.close();

const main = await rolldown(input('build/src/cli/main.js'));
const file = { ...output, entryFileNames: 'nsinit.cjs', banner: '#!/usr/bin/env node' };
await main.write(file);
await main.close();
chmodSync('build/nsinit.cjs', 0o755);

// In a process of its own: what a container does to the process that starts it stays there. Where
// it is refused it says so, and that is no mistake of the build.
const warm = spawnSync(process.execPath, ['scripts/warm-cli.mjs'], { encoding: 'utf8' });
if (warm.status !== 0)
  console.warn(`the command will start more slowly, without a code cache:\n${warm.stderr}`);
