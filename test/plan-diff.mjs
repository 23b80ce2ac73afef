// Plans as an ordinary user, runs as root or as that user on the same root directory, and prints
// the calls that differ: none.
// Usage: npm run plan-diff -- [--short | --only WORDS | options of run, as root]
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CASES, makeRoot, SHORT, USER } from './plan-diff-cases.mjs';

const NSINIT = fileURLToPath(new URL('../build/nsinit.cjs', import.meta.url));
const AS_USER = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'];

/** The calls that a plan and a run of the same options make, as text. */
function compare({ as, plannedBy = 'user', options, copy = false, place }) {
  const directory = mkdtempSync(join(tmpdir(), 'nsinit-plan-'));
  try {
    chmodSync(directory, 0o777);
    const root = copy ? undefined : makeRoot(directory);
    spawnSync('chmod', ['-R', 'a+rX', directory]);
    if (as === 'user') spawnSync('chown', ['-R', `${USER}:${USER}`, directory]);
    const given = options({ directory, root });
    const there = place === undefined ? [] : inPlace(place, directory);
    const command = given.includes('--bundle') ? [] : ['/bin/true'];
    const plan = JSON.parse(start([...there, ...by(plannedBy, 'plan', '--json', ...given)]).stdout);
    const trace = join(directory, 'trace');
    const { stderr } = start([...there, ...by(as, 'run', '--trace', trace, ...given, ...command)]);
    const calls = tracedCalls(readFileSync(trace, 'utf8'));
    return { ...outcomesOf(plan, stderr), ...callsOf(plan, calls) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

// A run that fails takes back what it did, and no plan says how.
function callsOf(plan, calls) {
  const planned = plannedCalls(plan);
  return { plan: planned, run: plan.failure === null ? calls : calls.slice(0, planned.length) };
}

// Both fail, at the same step and call, or neither.
function outcomesOf({ failure }, stderr) {
  const lines = stderr.split('\n').filter((line) => line !== '' && !line.includes('warning: '));
  const ended = lines.join('\n') || 'success';
  const expected = failure === null ? 'success' : `nsinit: ${failure.message}`;
  return { ended: [expected, ended.startsWith(expected) ? expected : ended] };
}

const PLACES = {
  // A machine that has something mounted where an ordinary user cannot look.
  hidden: 'mkdir -p h/at && chown 0 h && chmod 700 h && mount -t tmpfs hidden h/at',
  // One that grants ids.
  granting: `echo ${USER}:100000:65536 > ids && mount --bind ids /etc/subuid && mount --bind ids /etc/subgid`,
};

const inPlace = (place, directory) => [
  'unshare',
  '--mount',
  '--propagation',
  'private',
  'sh',
  '-c',
  `cd "$0" && ${PLACES[place]} && cd / && exec "$@"`,
  directory,
];

const by = (who, ...args) => [
  ...(who === 'user' ? AS_USER : []),
  process.execPath,
  NSINIT,
  ...args,
];

// Processes and descriptors have other numbers each time, and what is copied was read since.
const normal = (call) =>
  call
    .replace(/(["<]\/proc\/)\d+\//, '$1PID/')
    .replace(/(["<]\/proc\/PID\/fd\/)\d+/, '$1FD')
    .replace(/^(utimensat.* \[)[\d.]+(, [\d.]+\])/, '$1ATIME$2');

// How many pages of /proc/…/mountinfo there are depends on how many digits its numbers have.
const withoutPages = (calls) =>
  calls.filter((call, at) => !(call.startsWith('read(</proc/') && call === calls[at - 1]));

const plannedCalls = ({ before, steps, after }) =>
  withoutPages(
    [before, ...steps.map((step) => step.calls), after]
      .flat()
      .map(({ call, args }) => normal(`${call}(${args.join(', ')})`)),
  );

const tracedCalls = (trace) =>
  withoutPages(
    trace
      .trimEnd()
      .split('\n')
      .map((line) =>
        normal(
          line.replace(/ = (-1 )?[^=]*?$|\) = .*$/, (end) => (end.startsWith(')') ? ')' : '')),
        ),
      ),
  );

function start([file, ...args]) {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: '' };
  const result = spawnSync(file, args, { encoding: 'utf8', env });
  // 125: the set-up fails, and the plan says so.
  if (result.status !== 0 && result.status !== 125)
    throw new Error(`${[file, ...args].join(' ')}: ${result.stderr}`);
  return result;
}

/** Lines that only one side has, or that stand elsewhere, as diff(1) marks them. */
function differences({ plan, run, ended }) {
  const lines = [];
  const compareLines = (place, planned = '(nothing)', done = '(nothing)') => {
    if (planned !== done) lines.push(`${place}: - ${planned}`, `${place}: + ${done}`);
  };
  for (let at = 0; at < Math.max(plan.length, run.length); at += 1)
    compareLines(at + 1, plan[at], run[at]);
  compareLines('end', ...ended);
  return lines;
}

const titleOf = ({ as, name }) => `${as} ${name || '(no options)'}`;

function chooseCases([first, ...rest]) {
  if (first === undefined) return CASES;
  if (first === '--short') return CASES.filter((each) => SHORT.includes(titleOf(each)));
  if (first === '--only') return CASES.filter((each) => titleOf(each).includes(rest.join(' ')));
  const options = [first, ...rest];
  const copy = options.includes('--rootfs');
  const place = (root) => (root === undefined ? [] : ['--rootfs', root]);
  const name = options.join(' ');
  return [{ as: 'root', name, copy, options: ({ root }) => [...place(root), ...options] }];
}

function compareAll(cases) {
  let found = 0;
  for (const each of cases) {
    try {
      const result = compare(each);
      const lines = differences(result);
      found += lines.length;
      const failed = result.ended[0] === 'success' ? '' : ', and fails as planned';
      console.log(
        `${titleOf(each)}: ${result.run.length} calls, ${lines.length / 2} differ${failed}`,
      );
      for (const line of lines.slice(0, 20)) console.log(`  ${line}`);
    } catch (error) {
      found += 1;
      console.log(`${titleOf(each)}: ${error.message}`);
    }
  }
  return found;
}

process.exitCode = compareAll(chooseCases(process.argv.slice(2))) === 0 ? 0 : 1;
