import { expect } from 'chai';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { launch, parseMountinfo, type RunReport, type SetUpOptions } from 'nsinit';
import { useBusyboxRoot } from '../runtime/busybox-root.js';
import { fillHost, pipelineWith, SET_UPS } from './replayed-pipelines.js';

const PLUGINS = join(import.meta.dirname, '../../plugins');

/** The names of the steps that say that they may be replayed. */
async function markedSteps(): Promise<string[]> {
  const marked = new Set<string>();
  for (const folder of readdirSync(PLUGINS)) {
    const module = (await import(`nsinit/plugins/${folder}`)) as Record<string, unknown>;
    for (const step of Object.values(module))
      if (typeof step === 'function' && Object.hasOwn(step, 'replayable'))
        marked.add((step as unknown as { readonly stepName: string }).stepName);
  }
  return [...marked].sort();
}

/** What is to be seen in a container: its mounts without the numbers of the kernel, and more. */
interface Seen {
  readonly mounts: readonly unknown[];
  readonly looked: string;
}

function seenIn(output: string): Seen {
  const [mountinfo = '', looked = ''] = output.split('---\n');
  const mounts = parseMountinfo(mountinfo).map((mount) => {
    const { id: _, parent: __, ...seen } = mount;
    return {
      ...seen,
      device: mount.device.replace(/^0:.*/, '0'),
      propagation: mount.propagation.map((tag) => tag.replace(/\d+/, '')),
      superOptions: mount.superOptions.replace(/(?<=\/fd\/)\d+/g, ''),
    };
  });
  return { mounts, looked };
}

async function launchAndLook(
  step: string,
  options: SetUpOptions,
): Promise<{ readonly seen: Seen; readonly report: RunReport }> {
  const script = `cat /proc/self/mountinfo; echo ---; exec 2>&1; ${SET_UPS[step]?.look}`;
  const args = ['-c', script];
  const container = await launch({ command: '/bin/sh', args, stdio: 'pipe', ...options });
  const [output] = await Promise.all([text(container.stdout!), container.ended]);
  return { seen: seenIn(output), report: container.report };
}

/** Twice live, once recorded, and then replayed: that is to make the same as the others did. */
async function expectReplayed(step: string, options: SetUpOptions): Promise<void> {
  const runs = [];
  for (let count = 0; count < 4; count += 1) runs.push(await launchAndLook(step, options));
  const [, live, recorded, replayed] = runs;
  expect(replayed?.report.notReplayed).to.equal(undefined);
  expect(runs.map(({ report }) => report.replayed ?? false)).to.deep.equal([
    false,
    false,
    false,
    true,
  ]);
  expect(live?.seen.mounts).not.to.have.length(0);
  expect(recorded?.seen).to.deep.equal(live?.seen);
  expect(replayed?.seen).to.deep.equal(live?.seen);
  expect(replayed?.report.fallbacks).to.deep.equal(recorded?.report.fallbacks);
}

describe('a step of a plugin, replayed', () => {
  let rootfs = '';
  let host = '';
  useBusyboxRoot((path) => (rootfs = path));

  before(function () {
    if (process.geteuid?.() !== 0) {
      console.log('      skipped: it takes root to hold it against the kernel');
      this.skip();
    }
    host = mkdtempSync(join(tmpdir(), 'nsinit-shown-'));
    fillHost(host);
  });

  after(() => {
    if (host !== '') rmSync(host, { recursive: true });
  });

  it('is among these, when it says that it may be', async () => {
    expect(Object.keys(SET_UPS).sort()).to.deep.equal(await markedSteps());
  });

  for (const step of Object.keys(SET_UPS))
    it(`${step} makes the same`, async () => {
      const module = new URL('./replayed-pipelines.js', import.meta.url).href;
      const pipeline = { module, export: 'pipelineWith', args: { step, host } };
      await expectReplayed(step, { rootfs, pipeline });
    });

  // Their layers are named by descriptor, which is another's number in that process.
  for (const step of ['overlay-root', 'overlay-mount'])
    it(`${step} makes the same in the process that becomes the command`, async () => {
      await expectReplayed(step, { rootfs, pipeline: pipelineWith({ step, host }) });
    });

  it('copies what it covers anew each time', async () => {
    const module = new URL('./replayed-pipelines.js', import.meta.url).href;
    const pipeline = { module, export: 'copyingPipeline' };
    let last: RunReport | undefined;
    for (let count = 0; count < 4; count += 1)
      last = (await launchAndLook('tmpfs', { rootfs, pipeline })).report;
    expect(last?.notReplayed).to.equal('a step looks at atime, which is another each time');
  });
});
