// Bundles the command into one CommonJS file: unbundled ES modules cost 100 ms at start on Node 20.
// It bundles what tsc wrote and not the sources, since esbuild emits no decorator metadata.
import { chmodSync } from 'node:fs';
import { build } from 'esbuild';

await build({
  entryPoints: ['build/src/cli/main.js'],
  outfile: 'build/nsinit.cjs',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['koffi', 'winston'],
  banner: {
    js: '#!/usr/bin/env node\nconst importMetaUrl = require("node:url").pathToFileURL(__filename).href;',
  },
  define: { 'import.meta.url': 'importMetaUrl' },
  logLevel: 'warning',
});
chmodSync('build/nsinit.cjs', 0o755);
