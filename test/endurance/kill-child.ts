import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { architectureIndex, LibcTransport } from '../../src/syscalls/libc.js';
import { LinuxProcessCalls } from '../../src/syscalls/linux-process-calls.js';
import { flags } from '../../src/syscalls/flags.js';
import {
  MS_BIND,
  MS_NOEXEC,
  MS_NOSUID,
  MS_PRIVATE,
  MS_REC,
} from '../../src/syscalls/mount-flags.js';
import { hostPath, sourceName } from '../../src/syscalls/paths.js';
import { LinuxSyscalls } from '../../src/syscalls/linux.js';
import { Battlefield } from '../attacks/battlefield.js';
import { difference } from '../attacks/canary.js';
import { findBusybox, makeBusyboxRoot } from '../runtime/busybox-root.js';
import { children, eventually, isRunning } from '../runtime/children.js';
import { seededRandom } from './seeded-random.js';

// Run by kills.ts in a mount namespace of its own; prints one line of JSON.

/** What is to be done. */
export interface KillOrder {
  /** An empty directory. */
  readonly base: string;
  readonly runs: number;
  readonly seed: number;
}

/** What came of it. */
export interface KillOutcome {
  readonly runs: number;
  readonly seed: number;
  /** Milliseconds from the start of nsinit to the command's first word, where nobody kills it. */
  readonly start: number;
  /** How many were killed before their command ran. */
  readonly early: number;
  /** What is not as it was. */
  readonly changes: readonly string[];
}

const COMMAND = fileURLToPath(new URL('../../nsinit.cjs', import.meta.url));
const SLEEPER = fileURLToPath(new URL('../runtime/sleeping-parent.js', import.meta.url));
const PR_SET_CHILD_SUBREAPER = 36;

const order = JSON.parse(process.argv[3] as string) as KillOrder;
useOwnTerminals();
const processes = new LinuxProcessCalls();
const field = new Battlefield(order.base);
const random = seededRandom(order.seed);
process.env.TMPDIR = order.base;
const rootfs = rootOf();
becomeReaper();
const ways = waysToStart();
console.log(JSON.stringify(await killAll()));
process.exit(0);

/** Others on this machine open terminals meanwhile: these are seen by nobody else. */
function useOwnTerminals(): void {
  const sys = new LinuxSyscalls();
  sys.mount('', hostPath('/'), '', flags(MS_PRIVATE, MS_REC), '');
  const pts = hostPath('/dev/pts');
  const options = 'newinstance,ptmxmode=0666,mode=620,gid=5';
  sys.mount(sourceName('devpts'), pts, 'devpts', flags(MS_NOSUID, MS_NOEXEC), options);
  sys.mount(hostPath('/dev/pts/ptmx'), hostPath('/dev/ptmx'), '', MS_BIND, '');
}

function rootOf(): string {
  const busybox = findBusybox();
  if ('missing' in busybox) throw new Error(busybox.missing);
  return makeBusyboxRoot(busybox.path).path;
}

/** Whoever loses its parent becomes this process's child, and is found. */
function becomeReaper(): void {
  const number = [157, 167][architectureIndex()] as number;
  new LibcTransport().bind(number, ['int', 'int'])([PR_SET_CHILD_SUBREAPER, 1]);
}

function waysToStart(): readonly (readonly string[])[] {
  const command = ['--', '/bin/sh', '-c', 'echo started; sleep 1000'];
  const run = (...options: string[]): string[] => [COMMAND, 'run', ...options, ...command];
  return [
    run('--rootfs', rootfs),
    run('--rootfs', rootfs, '--readonly', '--bind', `${field.base}/source:/mnt`, '--tmpfs', '/tmp'),
    run('--rootfs', rootfs, '--no-pivot'),
    run('--rootfs', rootfs, '--tty'),
    run('--rootfs', rootfs, '--preset', 'classic'),
    run('--rootfs', rootfs, '--share-pid'),
    run(),
    [SLEEPER, 'launched', rootfs],
    [SLEEPER, 'pooled', rootfs],
  ];
}

async function killAll(): Promise<KillOutcome> {
  const start = await measureStart();
  const before = hostState();
  const host = field.hostState();
  const changes: string[] = [];
  let early = 0;
  for (let count = 0; count < order.runs; count += 1) {
    const way = ways[count % ways.length] as readonly string[];
    if (!(await killOne(way, random() * start * 2.5))) early += 1;
    await noneLeft(changes, way);
  }
  changes.push(...difference(before, hostState()), ...field.changesSince(host));
  return { runs: order.runs, seed: order.seed, start, early, changes };
}

/** @returns whether its command had said its first word. */
async function killOne(way: readonly string[], after: number): Promise<boolean> {
  const child = spawn(process.execPath, way, { stdio: ['ignore', 'pipe', 'ignore'] });
  let started = false;
  child.stdout.on('data', () => (started = true));
  const gone = once(child, 'exit');
  await new Promise((resolve) => setTimeout(resolve, after));
  child.kill('SIGKILL');
  await gone;
  child.stdout.destroy();
  return started;
}

async function measureStart(): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, ways[0] as readonly string[], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  const taken = performance.now() - begun;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  return Math.round(taken);
}

async function noneLeft(changes: string[], way: readonly string[]): Promise<void> {
  try {
    await eventually(() => !runningChildren(), 'the end of all processes');
  } catch {
    const left = children().map((pid) => readFileSync(`/proc/${pid}/status`, 'utf8'));
    changes.push(`left running by ${way.join(' ')}: ${left.join('\n')}`);
  }
}

/** Reaps what has ended: PID 1 of a namespace does not end before all others there are reaped. */
function runningChildren(): boolean {
  const [running, over] = [true, false].map((is) =>
    children()
      .map(Number)
      .filter((pid) => isRunning(pid) === is),
  );
  for (const pid of over ?? []) processes.waitid(pid);
  return (running ?? []).length > 0;
}

function hostState(): string[] {
  const loops = readdirSync('/sys/block')
    .filter((name) => existsSync(`/sys/block/${name}/loop/backing_file`))
    .map((name) => `loop device ${name}`);
  return [...loops, ...readdirSync('/dev/pts').map((name) => `terminal ${name}`)];
}
