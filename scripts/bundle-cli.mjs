// Bundles the command into CommonJS files: unbundled ES modules cost 100 ms at start on Node 20. The
// one that is started answers --version by itself, and loads the other for everything else.
// It bundles what tsc wrote and not the sources, since esbuild emits no decorator metadata.
import { chmodSync } from 'node:fs';
import { build } from 'esbuild';

const URL_OF_FILE = 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;';
const options = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['koffi', 'winston'],
  define: { 'import.meta.url': 'importMetaUrl' },
  // Names stay, for stack traces; the rest is a third of what Node has to parse at each start.
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
};

const programApart = {
  name: 'program-apart',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/program\.js$/ }, () => ({
      path: './nsinit-program.cjs',
      external: true,
    })),
};

await build({
  ...options,
  entryPoints: ['build/src/cli/main.js'],
  outfile: 'build/nsinit.cjs',
  banner: { js: `#!/usr/bin/env node\n${URL_OF_FILE}` },
  plugins: [programApart],
  // A require: Node would read the whole file for its exports before it imports it.
  supported: { 'dynamic-import': false },
});
await build({
  ...options,
  entryPoints: ['build/src/cli/program.js'],
  outfile: 'build/nsinit-program.cjs',
  banner: { js: URL_OF_FILE },
});
chmodSync('build/nsinit.cjs', 0o755);
