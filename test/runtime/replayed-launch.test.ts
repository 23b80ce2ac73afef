import { expect } from 'chai';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StepError } from '../../src/pipeline/errors.js';
import type { RunReport } from '../../src/pipeline/run.js';
import type { Step, StepContext } from '../../src/pipeline/step.js';
import { launch } from '../../src/runtime/launch.js';
import type { LaunchOptions } from '../../src/runtime/launch-options.js';
import { createPool } from '../../src/runtime/pool.js';
import { createPreset } from '../../src/steps/presets.js';
import { UmaskStep } from '../../src/steps/umask.js';
import { useBusyboxRoot } from './busybox-root.js';

const NONE = {};

/** Makes a directory of another name each time, although it says that it does not. */
class CountingStep implements Step<object> {
  static readonly stepName: string = 'test:counting';
  static readonly view = 'host';
  static readonly replayable = true;
  static count = 0;
  static parse = (): object => NONE;
  describe = (): string => 'make a directory';
  execute(_options: object, { root }: StepContext): void {
    CountingStep.count += 1;
    root.mkdirIn(root.fd, `made-${CountingStep.count}`, 0o755);
  }
}

/** Inherits that it is replayable, and does not say so itself. */
class HeirStep extends CountingStep {
  static override readonly stepName = 'test:heir';
}

describe('launches, one after the other', () => {
  let rootfs = '';

  useBusyboxRoot((path) => (rootfs = path));

  const command = { command: 'sh', args: ['-c', 'umask; ls /mnt'] };

  /** What it printed, and its report. */
  async function run(options: Partial<LaunchOptions> = {}): Promise<[string, RunReport]> {
    const box = await launch({ rootfs, ...command, ...options });
    let output = '';
    for await (const chunk of box.stdout ?? []) output += String(chunk);
    await box.ended;
    return [output, box.report];
  }

  async function reports(
    count: number,
    options: Partial<LaunchOptions> = {},
  ): Promise<RunReport[]> {
    const all: RunReport[] = [];
    for (let nth = 0; nth < count; nth += 1) all.push((await run(options))[1]);
    return all;
  }

  const replayed = (all: readonly RunReport[]): boolean[] =>
    all.map((report) => report.replayed === true);

  for (const [name, pipelineOf] of [
    ['of a preset', () => undefined],
    ['of a pipeline of this thread', () => createPreset('standard')],
  ] as const) {
    it(`${name} are replayed from the fourth on, with the same steps and times of their own`, async () => {
      const pipeline = pipelineOf();
      const all = await reports(5, { pipeline });
      expect(replayed(all)).to.deep.equal([false, false, false, true, true]);
      const steps = all.map((report) => report.steps.map(({ step }) => step));
      expect(steps.slice(1)).to.deep.equal(steps.slice(0, -1));
      const times = all[4]?.steps.map(({ micros }) => micros) ?? [];
      expect(Math.min(...times)).to.be.above(0);
      expect(times.reduce((sum, each) => sum + each)).to.be.within(50, 1e6);
      expect((await run({ pipeline }))[0]).to.equal('0022\n');
    });
  }

  it('in other namespaces are replayed each for themselves', async () => {
    const all: boolean[][] = [];
    const kinds = [{ user: 'new' }, { pid: 'shared', ipc: 'shared' }, {}] as const;
    const presetOptions = { mounts: [{ tmpfs: '/mnt' }] };
    for (let nth = 0; nth < 5; nth += 1) {
      const reported: RunReport[] = [];
      for (const namespaces of kinds) reported.push((await run({ namespaces, presetOptions }))[1]);
      all.push(replayed(reported));
    }
    const [first, , , fourth, fifth] = all;
    expect(first).to.deep.equal([false, false, false]);
    expect([fourth, fifth]).to.deep.equal([
      [true, true, true],
      [true, true, true],
    ]);
  });

  it('are not replayed when they are not to be', async () => {
    const all = await reports(5, { replay: false });
    expect(replayed(all)).to.deep.equal(Array.from({ length: 5 }, () => false));
    expect(all[4]?.notReplayed).to.equal(undefined);
  });

  const removeMade = (): void => {
    for (let nth = 1; nth <= CountingStep.count; nth += 1)
      rmSync(join(rootfs, `made-${nth}`), { recursive: true, force: true });
  };

  it('of a changed pipeline are as it was changed', async () => {
    const pipeline = createPreset('standard', { verify: false });
    expect(replayed(await reports(4, { pipeline })).at(-1)).to.equal(true);
    pipeline.replace('umask', UmaskStep, { mask: 0o077 });
    const [output, report] = await run({ pipeline });
    expect([output, report.replayed]).to.deep.equal(['0077\n', undefined]);
  });

  it('see what has been put into the root since', async () => {
    await reports(4);
    const made = join(rootfs, 'mnt/new');
    mkdirSync(made);
    expect((await run())[0]).to.equal('0022\nnew\n');
    rmSync(made, { recursive: true });
  });

  it('of what inherits a replayable step are run, and say so', async () => {
    const pipeline = createPreset('standard').insertBefore('root-switch', HeirStep);
    const [last] = (await reports(4, { pipeline })).slice(-1);
    expect(last?.replayed).to.equal(undefined);
    expect(last?.notReplayed).to.equal('test:heir does not say that it is replayable');
    removeMade();
  });

  it('with services of their own, or watched, are run', async () => {
    const watched = { pipeline: createPreset('standard'), observers: [{}] };
    expect(replayed(await reports(5, watched))).to.not.include(true);
    const pipeline = createPreset('standard').give('something', {});
    const [last] = (await reports(4, { pipeline })).slice(-1);
    expect(last?.notReplayed).to.equal('its steps are given services');
  });

  it('of a pool are replayed, ahead and at the launch', async () => {
    for (const ahead of ['root', 'namespaces'] as const) {
      const pool = await createPool({ size: 1, rootfs, ahead });
      const all: boolean[] = [];
      for (let nth = 0; nth < 6; nth += 1) {
        const box = await pool.launch({ rootfs, command: 'true', stdio: 'ignore' });
        expect((await box.ended).code).to.equal(0);
        all.push(box.report.replayed === true);
      }
      await pool.close();
      expect(all.at(-1), ahead).to.equal(true);
    }
  });

  it('fail with what is wrong, and not with the replay', async () => {
    const moved = `${rootfs}.moved`;
    await reports(4);
    renameSync(rootfs, moved);
    try {
      const error = await run().catch((thrown: unknown) => thrown);
      expect(error).to.have.property('code', 'NSINIT_ROOTFS');
      expect(error).to.have.property('message').that.includes('does not exist');
    } finally {
      renameSync(moved, rootfs);
    }
  });

  it('are left alone where the root is another each time', async () => {
    const presetOptions = { mounts: [{ tmpfs: '/mnt/now' }] };
    let last: RunReport | undefined;
    for (let nth = 0; nth < 9; nth += 1) {
      // Missing every other time.
      if (nth % 2 === 0) rmSync(join(rootfs, 'mnt/now'), { recursive: true, force: true });
      [, last] = await run({ presetOptions });
    }
    expect(last?.notReplayed).to.equal("the kernel's answers were others each time, 3 times");
    rmSync(join(rootfs, 'mnt/now'), { recursive: true });
  });

  it('of a step that does something else each time say so', async () => {
    CountingStep.count = 0;
    const pipeline = createPreset('standard').insertBefore('root-switch', CountingStep);
    await reports(3, { pipeline });
    const error = await run({ pipeline }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(StepError).with.property('step', 'test:counting');
    expect((error as StepError).cause).to.have.property('code', 'NSINIT_REPLAY');
    removeMade();
  });
});
