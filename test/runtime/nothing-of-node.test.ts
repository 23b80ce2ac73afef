import { expect } from 'chai';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createPreset } from '../../src/steps/presets.js';
import type { Container } from '../../src/runtime/container.js';
import type { LaunchOptions } from '../../src/runtime/launch-options.js';
import { launch } from '../../src/runtime/launch.js';
import { createPool } from '../../src/runtime/pool.js';
import { asFd } from '../../src/syscalls/descriptor.js';
import { F_DUPFD } from '../../src/syscalls/file-flags.js';
import { LinuxSyscalls } from '../../src/syscalls/linux.js';
import { useBusyboxRoot } from './busybox-root.js';
import { children } from './children.js';

const JOB = { command: 'sleep', args: ['1000'], env: { PATH: '/bin', ONLY: 'this' } } as const;

/** What a process is made of, as the host sees it. */
function dissect(pid: string | number) {
  const proc = `/proc/${pid}`;
  const status = readFileSync(`${proc}/status`, 'utf8');
  const field = (name: string): string =>
    new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  return {
    executable: readlinkSync(`${proc}/exe`),
    threads: readdirSync(`${proc}/task`).length,
    environment: readFileSync(`${proc}/environ`, 'utf8').split('\0').filter(Boolean),
    descriptors: readdirSync(`${proc}/fd`).map((fd) => readlinkSync(`${proc}/fd/${fd}`)),
    mapped: [...readFileSync(`${proc}/maps`, 'utf8').matchAll(/ (\/.*)$/gm)].map(
      ([, path]) => path,
    ),
    directory: readlinkSync(`${proc}/cwd`),
    signals: ['SigBlk', 'SigIgn', 'SigCgt'].map(field),
  };
}

describe('in a container there is nothing of Node', () => {
  let rootfs = '';
  const syscalls = new LinuxSyscalls();
  const inheritable: number[] = [];

  useBusyboxRoot((path) => (rootfs = path));

  before(() => {
    // A descriptor without FD_CLOEXEC, as native modules open them, and a variable.
    inheritable.push(syscalls.fcntl(asFd(2), F_DUPFD, 90), syscalls.fcntl(asFd(2), F_DUPFD, 600));
    process.env.NSINIT_TEST_SECRET = 'secret';
  });

  after(() => {
    delete process.env.NSINIT_TEST_SECRET;
    for (const fd of inheritable) syscalls.close(asFd(fd));
  });

  const ways: Readonly<Record<string, (job: LaunchOptions) => Promise<Container>>> = {
    launched: launch,
    'launched with a pipeline of this thread': (job) =>
      launch({ ...job, pipeline: createPreset('standard') }),
    'launched by a pool': async (job) => {
      const pool = await createPool({ size: 1, rootfs });
      const container = await pool.launch(job);
      await pool.close();
      return container;
    },
  };

  for (const [way, start] of Object.entries(ways)) {
    it(`${way}: the command is all there is, beside PID 1`, async () => {
      const container = await start({ ...JOB, rootfs });
      try {
        const [init = '', ...others] = children().filter((pid) => pid !== String(container.pid));
        expect(others).to.deep.equal([]);
        const { descriptors, ...command } = dissect(container.pid);
        expect(command).to.deep.equal({
          executable: '/bin/busybox',
          threads: 1,
          environment: ['PATH=/bin', 'ONLY=this'],
          mapped: command.mapped.map(() => '/bin/busybox'),
          directory: '/',
          signals: Array(3).fill('0'.repeat(16)),
        });
        expect(descriptors.map((link) => link.replace(/\d+/, 'N'))).to.deep.equal(
          Array(3).fill('pipe:[N]'),
        );
        expectSealed(init);
      } finally {
        await container[Symbol.asyncDispose]();
      }
    });
  }
});

/** PID 1 is nobody's program, and has nothing. An ordinary user may not even look at it. */
function expectSealed(pid: string): void {
  expect(readdirSync(`/proc/${pid}/task`)).to.deep.equal([pid]);
  if (process.geteuid?.() !== 0) {
    expect(() => readlinkSync(`/proc/${pid}/exe`)).to.throw('EACCES');
    return;
  }
  const { mapped, signals: _, ...rest } = dissect(pid);
  expect(rest).to.deep.equal({
    executable: '/memfd:nsinit (deleted)',
    threads: 1,
    environment: [],
    descriptors: [],
    directory: '/',
  });
  expect(mapped.every((path) => path?.startsWith('/memfd:nsinit'))).to.equal(true);
}
