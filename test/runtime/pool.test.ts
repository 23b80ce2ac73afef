import { expect } from 'chai';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { NsinitError } from '../../src/pipeline/errors.js';
import {
  createPool,
  PoolClosedError,
  type ContainerPool,
  type PoolLaunchOptions,
} from '../../src/runtime/pool.js';
import { useBusyboxRoot } from './busybox-root.js';
import { children, eventually } from './children.js';

// As an ordinary user, by launch-unprivileged.test, the way that most take is enough.
const WAYS = process.geteuid?.() === 0 ? (['root', 'namespaces'] as const) : (['root'] as const);

for (const ahead of WAYS) {
  describe(`createPool, ${ahead} ahead`, () => {
    let rootfs = '';
    let pool: ContainerPool;

    useBusyboxRoot((path) => (rootfs = path));

    beforeEach(async () => {
      pool = await createPool({ size: 3, rootfs, ahead });
    });

    afterEach(async () => {
      await pool.close();
      expect(children()).to.deep.equal([]);
    });

    const run = async (script: string): Promise<string> => {
      const container = await pool.launch({ command: 'sh', args: ['-c', script] });
      const out = container.stdout === null ? '' : await text(container.stdout);
      await container.ended;
      return out;
    };

    it('keeps as many ready as asked for: two sleeping processes each', () => {
      expect(pool.ready).to.equal(3);
      expect(children()).to.have.length(6);
    });

    it('launches in what is ready, and fills up again', async () => {
      const waiting = children();
      const container = await pool.launch({ command: 'true' });
      expect(waiting).to.include(String(container.pid));
      await container.ended;
      await eventually(() => pool.ready === 3, 'a full pool');
    });

    it('gives each launch a container of its own', async () => {
      await run('hostname changed; touch /dev/trace');
      expect(await run('hostname; ls /dev/trace 2>&1')).to.equal(
        `${readFileSync('/proc/sys/kernel/hostname', 'utf8')}ls: /dev/trace: No such file or directory\n`,
      );
    });

    it('launches more at once than are ready', async () => {
      const outputs = await Promise.all(
        Array.from({ length: 10 }, (_, number) => run(`echo ${number}`)),
      );
      expect(outputs).to.deep.equal(Array.from({ length: 10 }, (_, number) => `${number}\n`));
    });

    it('confines as launch does', async () => {
      const container = await pool.launch({
        command: 'grep',
        args: ['^CapEff\\|^NoNewPrivs', '/proc/self/status'],
        capabilities: [],
        noNewPrivileges: true,
      });
      expect(container.stdout && (await text(container.stdout))).to.equal(
        'CapEff:\t0000000000000000\nNoNewPrivs:\t1\n',
      );
      await container.ended;
    });

    it('replaces a waiting one that somebody killed', async () => {
      const killed = children();
      for (const pid of killed) process.kill(Number(pid), 'SIGKILL');
      await eventually(
        () => pool.ready === 3 && !children().some((pid) => killed.includes(pid)),
        'a pool filled anew',
      );
      expect(await run('echo works')).to.equal('works\n');
    });

    it('launches although all that waited have just been killed', async () => {
      for (const pid of children()) process.kill(Number(pid), 'SIGKILL');
      // Not a turn of the event loop has passed: the pool cannot know yet.
      expect(await run('echo works')).to.equal('works\n');
      await eventually(() => pool.ready === 3, 'a pool filled anew');
    });

    it('uses no processor time while it waits', async () => {
      const ticks = (): number => children().reduce((sum, pid) => sum + ticksOf(pid), 0);
      const before = ticks();
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(ticks()).to.equal(before);
    });

    it('leaves running containers alone when it closes, and launches no more', async () => {
      const container = await pool.launch({ command: 'sleep', args: ['1000'] });
      await pool.close();
      expect(children()).to.have.length(2);
      const error = await pool.launch({ command: 'true' }).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(PoolClosedError);
      await container[Symbol.asyncDispose]();
    });

    it('refuses a size that is none', async () => {
      const error = await createPool({ size: 0, rootfs }).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(TypeError);
    });
  });
}

describe('a pool with roots set up ahead', () => {
  let rootfs = '';
  let pool: ContainerPool;

  useBusyboxRoot((path) => (rootfs = path));

  afterEach(async () => {
    await pool.close();
    expect(children()).to.deep.equal([]);
  });

  const output = async (script: string, options: Partial<PoolLaunchOptions> = {}) => {
    const container = await pool.launch({ command: 'sh', args: ['-c', script], ...options });
    const out = container.stdout === null ? '' : await text(container.stdout);
    await container.ended;
    return out;
  };

  it('has the mounts of the preset before there is a job', async () => {
    pool = await createPool({ size: 1, rootfs });
    const mounts = children().map((pid) => readFileSync(`/proc/${pid}/mounts`, 'utf8'));
    for (const list of mounts)
      expect(list)
        .to.match(/ \/proc proc /)
        .and.match(/ \/dev tmpfs /);
    expect(await output('cat /proc/self/mounts')).to.equal(mounts[0]);
  });

  it('reports the steps of each, and where they ran', async () => {
    pool = await createPool({ size: 1, rootfs });
    const container = await pool.launch({ command: 'true' });
    expect(container.report.steps.map(({ step }) => step)).to.include('root-switch');
    expect(container.setUpPlace).to.be.oneOf(['thread', 'process']);
    await container.ended;
  });

  it('gives a job with a set-up of its own a container of its own', async () => {
    pool = await createPool({ size: 1, rootfs });
    const waiting = children();
    const presetOptions = { mounts: [{ tmpfs: '/mnt', size: '1m' }] };
    expect(await output('grep -c " /mnt " /proc/self/mounts', { presetOptions })).to.equal('1\n');
    expect(await output('readlink /proc/self/fd/0', { terminal: false })).to.match(/^pipe:/);
    await eventually(() => children().length === waiting.length, 'a pool filled anew');
  });

  it('takes what is ready for a job that repeats what the pool was told', async () => {
    pool = await createPool({ size: 1, rootfs });
    const waiting = children();
    const container = await pool.launch({ command: 'true', rootfs, terminal: false });
    expect(waiting).to.include(String(container.pid));
    await container.ended;
  });

  it('gives a job with a terminal its console', async () => {
    pool = await createPool({ size: 1, rootfs });
    const script = 'tty; stat -c %t:%T /dev/console';
    const container = await pool.launch({ command: 'sh', args: ['-c', script], terminal: true });
    let seen = '';
    container.terminal?.on('data', (data: Buffer) => (seen += data.toString()));
    await container.ended;
    expect(seen).to.match(/^\/dev\/.+\r\n88:/);
  });

  it('sees another directory that took the place of the root', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'nsinit-pool-'));
    const served = join(parent, 'root');
    try {
      mkdirSync(served);
      pool = await createPool({ size: 2, rootfs: served });
      renameSync(served, join(parent, 'old'));
      renameSync(rootfs, served);
      expect(await output('echo new', { env: { PATH: '/bin' } })).to.equal('new\n');
    } finally {
      renameSync(served, rootfs);
      rmSync(parent, { recursive: true });
    }
  });

  it('shows a bound file that was replaced after a refresh', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nsinit-pool-'));
    const source = join(folder, 'file');
    try {
      writeFileSync(source, 'old');
      const mounts = [{ bind: source, target: '/mnt/file' }];
      pool = await createPool({ size: 1, rootfs, presetOptions: { mounts } });
      writeFileSync(`${source}.new`, 'new');
      renameSync(`${source}.new`, source);
      expect(await output('cat /mnt/file')).to.equal('old');
      await pool.refresh();
      expect(pool.ready).to.equal(1);
      expect(await output('cat /mnt/file')).to.equal('new');
    } finally {
      await pool.close();
      rmSync(folder, { recursive: true });
      rmSync(join(rootfs, 'mnt/file'), { force: true });
    }
  });

  it('is not made when its set-up fails', async () => {
    pool = await createPool({ size: 1, rootfs });
    const error = await createPool({ size: 3, rootfs: '/nowhere' }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(NsinitError);
    expect(String(error)).to.include('/nowhere');
    expect(children()).to.have.length(2);
  });

  it('tells the next launch why no root can be set up any more', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'nsinit-pool-'));
    pool = await createPool({ size: 1, rootfs: parent });
    rmSync(parent, { recursive: true });
    const error = await pool.launch({ command: 'true' }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(NsinitError);
    expect(String(error)).to.include(parent);
  });

  it('refuses another word for how far', async () => {
    pool = await createPool({ size: 1, rootfs });
    const ahead = 'everything' as 'root';
    const error = await createPool({ size: 1, rootfs, ahead }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(TypeError);
  });
});

/** User and system time of a process, in clock ticks (proc_pid_stat(5)). */
function ticksOf(pid: string): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}
