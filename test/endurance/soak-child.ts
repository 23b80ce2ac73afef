import { readdirSync, readFileSync } from 'node:fs';
import { launch } from '../../src/runtime/launch.js';
import { createPool } from '../../src/runtime/pool.js';
import { createPreset } from '../../src/steps/presets.js';
import { Battlefield } from '../attacks/battlefield.js';
import { findBusybox, makeBusyboxRoot } from '../runtime/busybox-root.js';
import { children } from '../runtime/children.js';

// Run by soak.ts in a mount namespace of its own; prints one line of JSON.

/** What is to be done. */
export interface SoakOrder {
  /** An empty directory. */
  readonly base: string;
  readonly runs: number;
  /** Runs before the first figures are taken. */
  readonly warmUp: number;
}

/** What this process has. */
export interface Figures {
  readonly descriptors: number;
  readonly mounts: number;
  readonly threads: number;
  readonly children: number;
  /** MiB. */
  readonly rss: number;
  readonly heap: number;
}

/** What came of it. */
export interface SoakOutcome {
  readonly runs: number;
  readonly before: Figures;
  readonly after: Figures;
}

const order = JSON.parse(process.argv[3] as string) as SoakOrder;
const field = new Battlefield(order.base);
process.env.TMPDIR = order.base;
const busybox = findBusybox();
if ('missing' in busybox) throw new Error(busybox.missing);
const rootfs = makeBusyboxRoot(busybox.path).path;
const image = field.makeRoot();
const pool = await createPool({ size: 1, rootfs });
const job = { command: '/bin/true', stdio: 'ignore' } as const;
const KINDS: readonly (() => Promise<unknown>)[] = [
  async () => ended(await launch({ ...job, rootfs })),
  async () => Promise.resolve(runPipeline()),
  async () => ended(await pool.launch(job)),
  async () => Promise.resolve(runPipeline()),
  async () => ended(await launch({ command: '/bin/true', terminal: true, rootfs })),
  async () => Promise.resolve(runPipeline()),
  async () => ended(await launch({ ...job, rootfs, pipeline: createPreset('standard') })),
  async () => refused(),
];

await run(order.warmUp);
const before = await figures();
await run(order.runs);
const after = await figures();
const outcome: SoakOutcome = { runs: order.runs, before, after };
console.log(JSON.stringify(outcome));
await pool.close();
process.exit(0);

async function run(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await KINDS[index % KINDS.length]?.();
}

function runPipeline(): void {
  field.run(field.pipeline('standard'), image, () => undefined);
}

/** One that fails: what it had done is taken back. */
async function refused(): Promise<void> {
  try {
    await launch({ ...job, rootfs, command: '/no/such/command' });
  } catch {
    return;
  }
  throw new Error('a command that is not there was started');
}

async function ended(container: Awaited<ReturnType<typeof launch>>): Promise<void> {
  container.terminal?.resume();
  const { code } = await container.ended;
  if (code !== 0) throw new Error(`the command ended with ${code}`);
}

async function figures(): Promise<Figures> {
  // What is closed on a later turn, and the pool's refill.
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (let count = 0; count < 3; count += 1) globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    mounts: readFileSync('/proc/thread-self/mountinfo', 'utf8').split('\n').length - 1,
    threads: readdirSync('/proc/self/task').length,
    children: children().length,
    rss: Math.round(rss / 2 ** 20),
    heap: Math.round((heapUsed / 2 ** 20) * 10) / 10,
  };
}
