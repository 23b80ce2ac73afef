import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { useBusyboxRoot } from './busybox-root.js';
import { eventually, isRunning } from './children.js';

const PROGRAM = fileURLToPath(new URL('./sleeping-parent.js', import.meta.url));

describe('a container whose parent is killed', () => {
  let rootfs = '';

  useBusyboxRoot((path) => (rootfs = path));

  /** Starts a program that launches a container and waits; its answer names the container's processes. */
  async function start(mode: string): Promise<{ kill(): void; pids: number[] }> {
    const parent = spawn(process.execPath, [PROGRAM, mode, rootfs], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pids = line.toString().trim().split(' ').map(Number);
    return { kill: () => parent.kill('SIGKILL'), pids };
  }

  const started = new Map<string, { kill(): void; pids: number[] }>();

  // All at once: the machine's PID 1 may take seconds to reap what the killed parent leaves, and
  // PID 1 of a container cannot end before.
  before(async () => {
    const modes = ['launched', 'pooled', ...(process.geteuid?.() === 0 ? ['shared-pid'] : [])];
    await Promise.all(modes.map(async (mode) => started.set(mode, await start(mode))));
    for (const { pids } of started.values()) {
      expect(pids.length).to.be.at.least(1);
      expect(pids.every(isRunning), 'running at first').to.equal(true);
    }
    for (const { kill } of started.values()) kill();
  });

  for (const mode of ['launched', 'pooled', 'shared-pid']) {
    it(`dies with it: ${mode}`, async function () {
      const pids = started.get(mode)?.pids;
      if (pids === undefined) {
        console.log('      skipped: an ordinary user mounts no proc of the PID namespace it is in');
        return this.skip();
      }
      await eventually(() => !pids.some(isRunning), 'the end of the container');
    });
  }

  it('lives on when asked to, until its command ends', async () => {
    const { kill, pids } = await start('independent');
    const [pid = 0] = pids;
    kill();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(isRunning(pid)).to.equal(true);
    process.kill(pid, 'SIGKILL');
    await eventually(() => !pids.some(isRunning), 'the end of its PID 1');
  });
});
