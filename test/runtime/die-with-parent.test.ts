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

  for (const mode of ['launched', 'pooled', 'shared-pid']) {
    it(`dies with it: ${mode}`, async function () {
      if (mode === 'shared-pid' && process.geteuid?.() !== 0) this.skip(); // proc cannot be mounted then
      const { kill, pids } = await start(mode);
      expect(pids.length).to.be.at.least(1);
      expect(pids.every(isRunning), 'running at first').to.equal(true);
      kill();
      await eventually(() => !pids.some(isRunning), 'the end of the container');
    });
  }

  it('lives on when asked to', async () => {
    const { kill, pids } = await start('independent');
    const [pid = 0] = pids;
    kill();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(isRunning(pid)).to.equal(true);
    process.kill(pid, 'SIGKILL');
  });
});
