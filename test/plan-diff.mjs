// Plans as an ordinary user, runs as root on the same root directory, and prints the calls that
// differ: none. Usage: npm run plan-diff -- [--rootfs DIR] [options of run]
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NSINIT = fileURLToPath(new URL('../build/nsinit.cjs', import.meta.url));
const AS_NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

/** Each preset with every option that changes its calls. */
export const VARIANTS = [
  [],
  ['--readonly'],
  ['--no-pivot'],
  ['--propagation', 'rshared'],
  ['--propagation', 'rprivate'],
  ['--loop-devices'],
  ['--bind', '/etc/hostname:/etc/hostname:ro', '--tmpfs', '/scratch:1m'],
  ['--share-pid', '--share-ipc'],
  ['--unshare-net'],
  ['--no-verify'],
  ['--preset', 'classic'],
  ['--preset', 'classic', '--no-pivot'],
  ['--tty'],
  ['--preset', 'classic', '--tty'],
];

/** The calls that a plan and a run of the same options make, as text. */
export function compare(rootfs, options) {
  const place = rootfs === undefined ? [] : ['--rootfs', rootfs];
  const planned = start([
    ...AS_NOBODY,
    process.execPath,
    NSINIT,
    'plan',
    '--json',
    ...place,
    ...options,
  ]);
  const directory = mkdtempSync(join(tmpdir(), 'nsinit-trace-'));
  const trace = join(directory, 'trace');
  try {
    start([process.execPath, NSINIT, 'run', '--trace', trace, ...place, ...options, '/bin/true']);
    const plan = JSON.parse(planned);
    const calls = [plan.before, ...plan.steps.map((step) => step.calls), plan.after].flat();
    return {
      plan: calls.map(({ call, args }) => `${call}(${args.join(', ')})`),
      run: readFileSync(trace, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) =>
          line.replace(/ = (-1 )?[^=]*?$|\) = .*$/, (end) => (end.startsWith(')') ? ')' : '')),
        ),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function start([file, ...args]) {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: '' };
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`${[file, ...args].join(' ')}: ${stderr}`);
  return stdout;
}

/** A root with a busybox, for every user to read. Each comparison changes it, so that it is made anew. */
export function makeRoot() {
  const root = mkdtempSync(join(tmpdir(), 'nsinit-plan-'));
  mkdirSync(join(root, 'bin'));
  cpSync('/bin/busybox', join(root, 'bin/busybox'));
  symlinkSync('busybox', join(root, 'bin/true'));
  spawnSync('chmod', ['-R', 'a+rX', root]);
  return root;
}

/** Lines that only one side has, or that stand elsewhere, as diff(1) marks them. */
export function differences({ plan, run }) {
  const lines = [];
  for (let at = 0; at < Math.max(plan.length, run.length); at += 1) {
    if (plan[at] === run[at]) continue;
    lines.push(`${at + 1}: - ${plan[at] ?? '(nothing)'}`, `${at + 1}: + ${run[at] ?? '(nothing)'}`);
  }
  return lines;
}

function compareAll(given) {
  const at = given.indexOf('--rootfs');
  let found = 0;
  for (const options of given.length > 0 ? [given] : [...VARIANTS, ['a copy of the machine']]) {
    const isCopy = options[0] === 'a copy of the machine';
    const root = at >= 0 || isCopy ? undefined : makeRoot();
    try {
      const result = compare(root, isCopy ? [] : options);
      const lines = differences(result);
      found += lines.length;
      console.log(
        `${options.join(' ') || '(no options)'}: ${result.run.length} calls, ${lines.length / 2} differ`,
      );
      for (const line of lines.slice(0, 20)) console.log(`  ${line}`);
    } finally {
      if (root !== undefined) rmSync(root, { recursive: true });
    }
  }
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.exitCode = compareAll(process.argv.slice(2)) === 0 ? 0 : 1;
