// A build step: the image lies under an overlay and stays as it is, a cache is kept from one build
// to the next, and the result is taken out through a directory of its own.
//
//   node examples/build.mjs ROOT CACHE
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { BindMountStep, createPreset, launch } from 'nsinit';
import { OverlayRootStep } from 'nsinit/plugins/overlay-root';

// Stands for a compiler: what it has made before it takes from the cache.
const BUILD = `
set -e
echo 'built in the image' > /etc/build-stamp
if test -f /cache/object; then echo 'object: from the cache'; else
  echo 'object: compiled'; echo "compiled from $SOURCE" > /cache/object
fi
cp /cache/object /out/program
`;

const [image, cache] = process.argv.slice(2);
if (image === undefined || cache === undefined) {
  console.error('usage: node examples/build.mjs ROOT CACHE');
  process.exit(2);
}

/** The image with what is written above it, in memory, and two directories of the host in it. */
function buildRoot(out) {
  return createPreset('standard')
    .replace('bind-rootfs', OverlayRootStep, { size: '64m' })
    .insertBefore('root-switch', BindMountStep, { source: resolve(cache), target: '/cache' })
    .insertBefore('root-switch', BindMountStep, { source: out, target: '/out' });
}

async function build() {
  const out = mkdtempSync(join(tmpdir(), 'example-build-'));
  try {
    const container = await launch({
      rootfs: resolve(image),
      pipeline: buildRoot(out),
      command: '/bin/sh',
      args: ['-c', BUILD],
      env: { SOURCE: 'main.c' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const log = await text(container.stdout);
    const { code } = await container.ended;
    if (code !== 0) throw new Error(`the build failed with ${code}`);
    return { log, program: readFileSync(join(out, 'program'), 'utf8') };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

mkdirSync(cache, { recursive: true });
for (const round of ['first', 'second']) {
  const { log, program } = await build();
  process.stdout.write(`== ${round} build\n${log}${program}`);
}
