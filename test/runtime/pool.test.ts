import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { createPool, PoolClosedError, type ContainerPool } from '../../src/runtime/pool.js';
import { useBusyboxRoot } from './busybox-root.js';
import { children, eventually } from './children.js';

describe('createPool', () => {
  let rootfs = '';
  let pool: ContainerPool;

  useBusyboxRoot((path) => (rootfs = path));

  beforeEach(async () => {
    pool = await createPool({ size: 3, rootfs });
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

/** User and system time of a process, in clock ticks (proc_pid_stat(5)). */
function ticksOf(pid: string): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}
