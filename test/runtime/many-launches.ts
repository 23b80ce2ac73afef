import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { launch } from '../../src/runtime/launch.js';
import { createPool } from '../../src/runtime/pool.js';
import { findBusybox, makeBusyboxRoot } from './busybox-root.js';
import { children } from './children.js';

// npm run test:launches [-- --launches N] [--json FILE]

const WIDTH = 4;
const WARM_UP = 12;

/** What a process holds, and what it would lose by a leak. */
export interface Held {
  readonly descriptors: number;
  readonly threads: number;
  readonly children: number;
  readonly mounts: number;
  /** Resident, in KiB. */
  readonly memory: number;
}

function held(): Held {
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
    children: children().length,
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length,
    memory: Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]),
  };
}

/** Launches `count` containers, half of them from a pool: every fourth fails, and every fifth is killed. */
export async function launchMany(
  rootfs: string,
  count: number,
): Promise<{ readonly before: Held; readonly after: Held }> {
  const pool = await createPool({ size: WIDTH, rootfs });
  const one = async (number: number): Promise<void> => {
    const command = number % 4 === 3 ? '/no/such/command' : 'sh';
    const script = number % 5 === 4 ? 'sleep 1000' : 'echo out; exit 3';
    const job = { command, args: ['-c', script] };
    const starting = number % 2 === 0 ? pool.launch(job) : launch({ ...job, rootfs });
    const container = await starting.catch(() => undefined);
    if (number % 5 === 4) container?.kill('SIGKILL');
    await container?.ended;
  };
  const run = async (wanted: number): Promise<void> => {
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < wanted) {
        next += 1;
        await one(next);
      }
    };
    await Promise.all(Array.from({ length: WIDTH }, lane));
    await pool.settled();
    // Pidfds are closed a turn after the end is told.
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await run(WARM_UP);
  const before = held();
  await run(count);
  const after = held();
  await pool.close();
  return { before, after };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { launches: { type: 'string', default: '500' }, json: { type: 'string' } },
  });
  const busybox = findBusybox();
  if ('missing' in busybox) throw new Error(busybox.missing);
  const root = makeBusyboxRoot(busybox.path);
  const launches = Number(values.launches);
  const started = performance.now();
  const result = await launchMany(root.path, launches).finally(() => root.remove());
  const seconds = (performance.now() - started) / 1000;
  const kinds = Object.keys(result.before) as (keyof Held)[];
  const changes = kinds.map((kind) => `${kind} ${result.before[kind]} -> ${result.after[kind]}`);
  console.log(`${launches} launches in ${seconds.toFixed(1)} s: ${changes.join(', ')}`);
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ launches, seconds, ...result }, null, 2)}\n`);
  const leaked = kinds.filter(
    (kind) => kind !== 'memory' && result.after[kind] > result.before[kind],
  );
  if (leaked.length > 0) throw new Error(`leaked: ${leaked.join(', ')}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
