import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { whyNoNamespace } from '../attacks/in-own-namespace.js';
import { findBusybox } from '../runtime/busybox-root.js';
import { environment } from '../integration/environment.js';

const COMMAND = fileURLToPath(new URL('../../nsinit.cjs', import.meta.url));

const MOUNTS = 'cut -d" " -f5 /proc/self/mountinfo';

describe('a run whose mounts are to spread', () => {
  let base = '';
  let busybox = '';

  before(function () {
    const found = findBusybox();
    const why = 'missing' in found ? found.missing : whyNoNamespace(new URL(import.meta.url));
    if (why !== undefined) {
      this.test?.parent?.tests.forEach((test) => (test.title += ` (skipped: ${why})`));
      this.skip();
    }
    busybox = (found as { path: string }).path;
    base = mkdtempSync(join(tmpdir(), 'nsinit-shared-'));
  });

  after(() => {
    if (base !== '') rmdirSync(base);
  });

  /** Runs a script in a mount namespace whose mounts are shared, with a root on one of them. */
  function inShared(...lines: readonly string[]): void {
    const script = [
      'mount --make-rprivate / && mount --make-rshared /',
      `mount -t tmpfs -o mode=755 none ${base} && mkdir -p ${base}/root/bin ${base}/kept`,
      `mount -t tmpfs none ${base}/kept && cp ${busybox} ${base}/root/bin/busybox`,
      `${MOUNTS} > ${base}/before`,
      ...lines,
      `grep -q ${base}/kept ${base}/before && ${MOUNTS} | diff ${base}/before -`,
    ];
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      ['-m', 'sh', '-ec', script.join('\n')],
      { encoding: 'utf8', env: environment() },
    );
    expect({ status, stdout, stderr }).to.deep.equal({ status: 0, stdout: '', stderr: '' });
  }

  const nsinit = (options: string): string => `${process.execPath} ${COMMAND} run ${options}`;

  for (const preset of ['classic', 'standard']) {
    it(`does not unmount the host's mounts with its old root: ${preset}`, () => {
      inShared(
        nsinit(
          `--rootfs ${base}/root --preset ${preset} --propagation rshared -- /bin/busybox true`,
        ),
      );
    });
  }

  for (const mode of ['slave', 'private']) {
    it(`starts on a shared mount below / when / alone is ${mode}`, () => {
      inShared(nsinit(`--rootfs ${base}/root --propagation ${mode} -- /bin/busybox true`));
    });

    it(`mounts nothing over the host's /dev/pts by a bind of /dev: an OCI root that is ${mode}`, () => {
      const config = {
        ociVersion: '1.2.0',
        root: { path: 'root' },
        process: { cwd: '/', args: ['/bin/busybox', 'true'] },
        mounts: [
          { destination: '/proc', type: 'proc' },
          { destination: '/dev', source: '/dev', options: ['rbind'] },
          { destination: '/dev/pts', type: 'devpts' },
        ],
        linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }], rootfsPropagation: mode },
      };
      inShared(
        `echo '${JSON.stringify(config)}' > ${base}/config.json`,
        nsinit(`--bundle ${base}`),
      );
    });
  }
});
