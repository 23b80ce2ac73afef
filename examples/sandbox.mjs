// Runs a script that nobody has read.
//
//   node examples/sandbox.mjs ROOT [SCRIPT]
//
// As root or as an ordinary user. The script gets a root that it cannot write to, a small /tmp, no
// network, no privileges, and a limit on whatever it could use up.
import { text } from 'node:stream/consumers';
import { resolve } from 'node:path';
import { launch } from 'nsinit';

/** Runs a shell script. @returns what it wrote and how it ended: its failure is a result. */
export async function runUntrusted(rootfs, script, timeout = 5000) {
  const container = await launch({
    rootfs,
    presetOptions: { readonly: true, mounts: [{ tmpfs: '/tmp', size: '16m' }] },
    // A network of its own has loopback alone.
    namespaces: { net: 'new' },
    uid: 65534,
    capabilities: [],
    noNewPrivileges: true,
    limits: { cpu: 2, nofile: 64, fsize: 16 * 2 ** 20, core: 0 },
    timeout,
    command: '/bin/sh',
    cwd: '/tmp',
    env: { HOME: '/tmp' },
  });
  // A script that ends early does not read the rest of itself.
  container.stdin.on('error', () => undefined);
  container.stdin.end(script);
  const [stdout, stderr, end] = await Promise.all([
    text(container.stdout),
    text(container.stderr),
    container.ended,
  ]);
  return { stdout, stderr, ...end };
}

const [root, script] = process.argv.slice(2);
if (root === undefined) {
  console.error('usage: node examples/sandbox.mjs ROOT [SCRIPT]');
  process.exit(2);
}

const scripts =
  script === undefined
    ? {
        'who it is': 'id -u; cat /proc/self/status | grep -E "CapEff|NoNewPrivs"',
        'what it can write': 'echo x > /tmp/file && echo /tmp; echo x > /file',
        'whom it can reach': 'ls /sys/class/net 2>/dev/null || cat /proc/net/dev | tail -n +3',
        'how long it may run': 'while :; do :; done',
      }
    : { script };

for (const [name, source] of Object.entries(scripts)) {
  const { stdout, stderr, code, signal, timedOut } = await runUntrusted(
    resolve(root),
    source,
    1500,
  );
  const how = timedOut ? 'it took too long' : signal === null ? `exit ${code}` : signal;
  console.log(`== ${name}: ${how}`);
  process.stdout.write(stdout + stderr);
}
