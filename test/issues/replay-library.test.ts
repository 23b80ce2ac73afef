import { expect } from 'chai';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { useBusyboxRoot } from '../runtime/busybox-root.js';

const NATIVE = fileURLToPath(new URL('../../../native', import.meta.url));
const LAUNCHES = fileURLToPath(new URL('joining-launches.js', import.meta.url));

describe('the library of replays', () => {
  let rootfs = '';
  const others: ChildProcess[] = [];
  useBusyboxRoot((path) => (rootfs = path));

  before(function () {
    if (process.geteuid?.() !== 0) this.skip();
  });

  afterEach(() => {
    for (const other of others.splice(0)) other.kill('SIGKILL');
  });

  // It was looked up at the third launch, in the namespace that was joined: a container with a file
  // of that name had its code run by the launching program.
  it('is not looked for in a namespace that is joined', async () => {
    const hide = `mount -t tmpfs hidden ${NATIVE} && echo && exec sleep 60`;
    // Each for one launch, which moves its root.
    for (let count = 0; count < 4; count += 1) {
      const other = spawn('unshare', ['--mount', 'sh', '-c', hide], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      others.push(other);
      await once(other.stdout, 'data');
    }
    const namespaces = others.map(({ pid }) => `/proc/${pid}/ns/mnt`);
    const replayed = execFileSync(process.execPath, [LAUNCHES, rootfs, ...namespaces], {
      encoding: 'utf8',
    });
    expect(JSON.parse(replayed)).to.include(true);
  });
});
