import { expect } from 'chai';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { text } from 'node:stream/consumers';
import { createPreset, launch, parseMountinfo, type LaunchOptions, type RunReport } from 'nsinit';
import { useBusyboxRoot } from '../runtime/busybox-root.js';

const MODULE = new URL('./replayed-steps.js', import.meta.url).href;
const ENOUGH = 4;

interface Launched {
  readonly output: string;
  readonly report: RunReport;
}

async function runOnce(options: LaunchOptions): Promise<Launched> {
  const container = await launch(options);
  const [output] = await Promise.all([text(container.stdout!), container.ended]);
  return { output, report: container.report };
}

async function runOften(options: LaunchOptions): Promise<Launched[]> {
  const runs = [];
  for (let count = 0; count < ENOUGH; count += 1) runs.push(await runOnce(options));
  return runs;
}

describe('a set-up that has run before', () => {
  let rootfs = '';
  useBusyboxRoot((path) => (rootfs = path));

  const job = (name: string, ...args: string[]): LaunchOptions => ({
    rootfs,
    pipeline: { module: MODULE, export: name },
    command: '/bin/cat',
    args,
  });

  // A replay reads without moving the position: what was written came over the first line.
  it('writes behind what it has read, as before', async () => {
    const runs = await runOften(job('lines', '/etc/lines'));
    expect(runs.map(({ output }) => output)).to.deep.equal(
      Array.from({ length: ENOUGH }, () => 'first\nlast\n'),
    );
  });

  // What the kernel numbers anew was the same to the replay, which wrote the numbers of before.
  it('copies a list of mounts as it is', async () => {
    const others = [];
    const same = [];
    for (let count = 0; count < ENOUGH; count += 1) {
      const { output } = await runOnce(
        job('copiedMountinfo', '/etc/mounts', '/proc/self/mountinfo'),
      );
      const devs = parseMountinfo(output).filter(({ mountPoint }) => mountPoint.endsWith('/dev'));
      same.push(new Set(devs.slice(-2).map(({ id }) => id)).size === 1);
      // Its mounts keep their numbers.
      others.push(await launch({ rootfs, command: '/bin/cat', stdio: ['pipe', 'pipe', 'pipe'] }));
    }
    for (const other of others) other.kill('SIGKILL');
    await Promise.all(others.map(({ ended }) => ended));
    expect(same).to.deep.equal(Array.from({ length: ENOUGH }, () => true));
  });

  // Each container that is alive has another number in its namespace's name.
  it('is replayed beside others whose namespaces are numbered otherwise', async () => {
    const containers = [];
    for (let count = 0; count < ENOUGH; count += 1)
      containers.push(await launch({ ...job('named'), stdio: ['pipe', 'ignore', 'ignore'] }));
    const replayed = containers.map(({ report }) => report.replayed);
    for (const container of containers) container.kill('SIGKILL');
    await Promise.all(containers.map(({ ended }) => ended));
    expect(replayed.at(-1)).to.equal(true);
  });

  it('refuses to name the machine, whatever it was replayed with before', async () => {
    await runOften(job('named', '/etc/passwd'));
    const shared: LaunchOptions = { ...job('named', '/etc/passwd'), namespaces: { uts: 'shared' } };
    const outcome: unknown = await runOnce(shared).catch((thrown: unknown) => thrown);
    expect(String(outcome)).to.include('UTS namespace');
  });

  // A replay has nothing to tell: whoever listened was told of the first runs alone.
  it('tells a diagnostics channel of its steps', async () => {
    const told: unknown[] = [];
    const listen = (message: unknown): void => void told.push(message);
    const options = { rootfs, pipeline: createPreset('standard'), command: '/bin/true' };
    await runOften(options);
    subscribe('nsinit:step-start', listen);
    try {
      const { report } = await runOnce(options);
      expect(told).to.have.length(report.steps.length);
    } finally {
      unsubscribe('nsinit:step-start', listen);
    }
  });
});
