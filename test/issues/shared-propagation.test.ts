import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { whyNoNamespace } from '../attacks/in-own-namespace.js';
import { findBusybox } from '../runtime/busybox-root.js';

const COMMAND = fileURLToPath(new URL('../../nsinit.cjs', import.meta.url));

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

  for (const preset of ['classic', 'standard']) {
    it(`does not unmount the host's mounts with its old root: ${preset}`, () => {
      const mounts = 'cut -d" " -f5 /proc/self/mountinfo';
      const script = [
        'mount --make-rprivate / && mount --make-rshared /',
        `mount -t tmpfs -o mode=755 none ${base} && mkdir -p ${base}/root/bin ${base}/kept`,
        `mount -t tmpfs none ${base}/kept && cp ${busybox} ${base}/root/bin/busybox`,
        `${mounts} > ${base}/before`,
        `${process.execPath} ${COMMAND} run --rootfs ${base}/root --preset ${preset} --propagation rshared -- /bin/busybox true`,
        `grep -q ${base}/kept ${base}/before && ${mounts} | diff ${base}/before -`,
      ];
      const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
      const { status, stdout, stderr } = spawnSync(
        'unshare',
        ['-m', 'sh', '-ec', script.join('\n')],
        {
          encoding: 'utf8',
          env,
        },
      );
      expect({ status, stdout, stderr }).to.deep.equal({ status: 0, stdout: '', stderr: '' });
    });
  }
});
