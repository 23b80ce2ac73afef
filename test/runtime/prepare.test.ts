import { expect } from 'chai';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from '../../src/runtime/launch.js';
import { createPool } from '../../src/runtime/pool.js';
import type { SetUpOptions } from '../../src/runtime/set-up-options.js';
import { useBusyboxRoot } from './busybox-root.js';
import { children, eventually } from './children.js';
import { preparingPipeline, type PreparingOptions } from './preparing-pipeline.js';

const MODULE = new URL('./preparing-pipeline.js', import.meta.url).href;

const KINDS: Readonly<Record<string, (args: PreparingOptions) => SetUpOptions['pipeline']>> = {
  'a pipeline of the calling thread': preparingPipeline,
  "a module's pipeline": (args) => ({ module: MODULE, export: 'preparingPipeline', args }),
};

const descriptors = (): number => readdirSync('/proc/self/fd').length;

describe('a launch with a step that prepares', () => {
  let rootfs = '';
  let directory = '';

  useBusyboxRoot((path) => (rootfs = path));

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'nsinit-prepare-'));
    if (rootfs !== '') rmSync(`${rootfs}/made`, { force: true });
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const log = (): string[] =>
    existsSync(`${directory}/log`)
      ? readFileSync(`${directory}/log`, 'utf8').trimEnd().split('\n')
      : [];

  for (const [name, pipelineOf] of Object.entries(KINDS)) {
    it(`prepares on the host first, with ${name}`, async () => {
      const pipeline = pipelineOf({ directory });
      const container = await launch({ rootfs, pipeline, command: 'true' });
      expect((await container.ended).code).to.equal(0);
      expect(readlinkSync(`${rootfs}/made`)).to.equal('fetched');
      expect(log()).to.deep.equal(['prepare', 'close']);
      expect(existsSync(`${directory}/made/text`)).to.equal(true);
    });

    it(`takes it back when the set-up fails, with ${name}`, async () => {
      const pipeline = pipelineOf({ directory, fails: true });
      const error = await launch({ rootfs, pipeline, command: 'true' }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.include({ name: 'StepError', step: 'test:fetch', undo: 'done' });
      expect(log()).to.deep.equal(['prepare', 'undo', 'close']);
      expect(existsSync(`${directory}/made`)).to.equal(false);
    });

    it(`takes it back when there is no such command, with ${name}`, async () => {
      const pipeline = pipelineOf({ directory });
      const error = await launch({ rootfs, pipeline, command: 'missing' }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.include({ name: 'CommandError', exitStatus: 127 });
      expect(log()).to.deep.equal(['prepare', 'undo', 'close']);
      expect(existsSync(`${directory}/made`)).to.equal(false);
    });

    it(`cleans up when the container has ended, with ${name}`, async () => {
      const pipeline = pipelineOf({ directory, lasts: true });
      const container = await launch({ rootfs, pipeline, command: 'cat' });
      expect(log()).to.deep.equal(['prepare', 'close']);
      container.stdin?.end();
      await container.ended;
      expect(log()).to.deep.equal(['prepare', 'close', 'end']);
      rmSync(`${directory}/made`, { recursive: true });
      rmSync(`${rootfs}/made`);
      await launch({ rootfs, pipeline, command: 'missing' }).catch(() => undefined);
      expect(log().slice(3)).to.deep.equal(['prepare', 'end', 'undo', 'close']);
    });

    it(`stops when it is aborted, with ${name}`, async () => {
      const abort = new AbortController();
      const open = descriptors();
      const pipeline = pipelineOf({ directory, waits: true });
      const launched = launch({ rootfs, pipeline, command: 'true', signal: abort.signal });
      const outcome = launched.catch((thrown: unknown) => thrown);
      await eventually(() => log().includes('prepare'), 'something prepared');
      expect(children()).to.deep.equal([]);
      abort.abort(new Error('enough'));
      expect(await outcome).to.equal(abort.signal.reason);
      expect(log()).to.deep.equal(['prepare', 'undo', 'close']);
      expect(descriptors()).to.equal(open);
    });

    for (const ahead of ['root', 'namespaces'] as const)
      it(`is as good in a pool, ${ahead} ahead, with ${name}`, async () => {
        const own = mkdtempSync(join(directory, 'own-'));
        const pool = await createPool({ size: 1, rootfs, ahead });
        const open = descriptors();
        const pipeline = pipelineOf({ directory: own, fails: true });
        try {
          const failed = await pool
            .launch({ command: 'true', pipeline })
            .catch((thrown: unknown) => thrown);
          expect(failed).to.include({ name: 'StepError', undo: 'done' });
          const container = await pool.launch({
            command: 'readlink',
            args: ['/made'],
            pipeline: pipelineOf({ directory }),
          });
          expect((await container.ended).code).to.equal(0);
          expect(log()).to.deep.equal(['prepare', 'close']);
          await eventually(() => pool.ready === 1 && descriptors() <= open, 'all closed');
        } finally {
          await pool.close();
        }
      });
  }

  it('is set up ahead with its pool', async () => {
    const pipeline = { module: MODULE, export: 'preparingPipeline', args: { directory } };
    const pool = await createPool({ size: 1, rootfs, pipeline });
    try {
      expect(log()).to.deep.equal(['prepare', 'close']);
      const container = await pool.launch({ command: 'readlink', args: ['/made'] });
      expect((await container.ended).code).to.equal(0);
    } finally {
      await pool.close();
    }
  });

  it('is cleaned up with its pool, used or not', async () => {
    const args = { directory, lasts: true };
    const pipeline = { module: MODULE, export: 'preparingPipeline', args };
    const pool = await createPool({ size: 1, rootfs, pipeline });
    rmSync(`${directory}/made`, { recursive: true });
    rmSync(`${rootfs}/made`);
    const container = await pool.launch({ command: 'true' });
    await container.ended;
    const count = (wanted: string): number => log().filter((what) => what === wanted).length;
    expect(count('end')).to.equal(1);
    await pool.settled();
    rmSync(`${directory}/made`, { recursive: true });
    rmSync(`${rootfs}/made`);
    const refused = await pool.launch({ command: 'missing' }).catch((error: unknown) => error);
    expect(refused).to.include({ name: 'CommandError' });
    expect(count('end')).to.equal(2);
    await pool.settled();
    await pool.close();
    expect([count('prepare'), count('end')]).to.deep.equal([3, 3]);
  });

  it('is cleaned up by nsinit run', () => {
    const plugin = LASTING_PLUGIN(directory);
    const steps = [{ step: 'test:last', before: 'root-switch' }];
    const config = { rootfs, plugins: [join(directory, 'plugin.mjs')], steps };
    writeFileSync(join(directory, 'box.json'), JSON.stringify(config));
    writeFileSync(join(directory, 'plugin.mjs'), plugin);
    const args = ['build/nsinit.cjs', 'run', '--config', join(directory, 'box.json'), '--', 'true'];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(status, stderr).to.equal(0);
    expect(log()).to.deep.equal(['execute', 'end']);
  });

  it('is ended by a signal to nsinit run, and leaves nothing', async () => {
    const config = {
      rootfs,
      plugins: [join(directory, 'plugin.mjs')],
      steps: [{ step: 'test:wait', before: 'root-switch' }],
    };
    writeFileSync(join(directory, 'box.json'), JSON.stringify(config));
    writeFileSync(join(directory, 'plugin.mjs'), WAITING_PLUGIN(directory));
    const args = ['build/nsinit.cjs', 'run', '--config', join(directory, 'box.json'), 'true'];
    const nsinit = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'pipe'] });
    let said = '';
    nsinit.stderr.on('data', (data: Buffer) => (said += data.toString()));
    const closed = once(nsinit, 'close');
    await eventually(() => existsSync(join(directory, 'made')), 'something prepared');
    nsinit.kill('SIGTERM');
    expect(await closed).to.deep.equal([143, null]);
    expect(said).to.equal('nsinit: ended by SIGTERM while the root was prepared\n');
    expect(existsSync(join(directory, 'made'))).to.equal(false);
  });
});

const LASTING_PLUGIN = (directory: string): string => `
import { appendFileSync } from 'node:fs';
const log = (what) => appendFileSync(${JSON.stringify(`${directory}/log`)}, what + '\\n');
export class LastStep {
  static stepName = 'test:last';
  static view = 'host';
  static parse() { return {}; }
  describe() { return 'last'; }
  execute() { log('execute'); }
  async prepare(options, { afterEnd }) {
    afterEnd(async () => {
      await new Promise((done) => setTimeout(done, 5));
      log('end');
    });
  }
}
`;

const WAITING_PLUGIN = (directory: string): string => `
import { rmSync, writeFileSync } from 'node:fs';
const made = ${JSON.stringify(`${directory}/made`)};
export class WaitStep {
  static stepName = 'test:wait';
  static view = 'host';
  static parse() { return {}; }
  describe() { return 'wait'; }
  execute() {}
  async prepare(options, { signal, defer }) {
    defer(() => rmSync(made));
    writeFileSync(made, '');
    const timer = setInterval(() => undefined, 1000);
    await new Promise((done) => signal.addEventListener('abort', done));
    clearInterval(timer);
  }
}
`;
