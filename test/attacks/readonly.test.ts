import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { childCommand } from '../contract/child-command.js';
import { findBusybox } from '../runtime/busybox-root.js';
import { environment } from '../integration/environment.js';

const COMMAND = fileURLToPath(new URL('../../nsinit.cjs', import.meta.url));
const AS_NOBODY = 'setpriv --reuid=65534 --regid=65534 --clear-groups';

/** What the source's mount has, and what mountinfo has to show inside beside `ro`. */
const FLAGS = [
  ['nosuid,nodev,noexec,noatime', ['nosuid', 'nodev', 'noexec', 'noatime']],
  ['nodiratime', ['nodiratime']],
  ['strictatime', []],
] as const;

describe('a read-only root', () => {
  let busybox = '';
  let base = '';

  before(function () {
    const found = findBusybox();
    const command = childCommand('own-namespaces', new URL(import.meta.url));
    const why =
      'missing' in found
        ? found.missing
        : 'unavailable' in command
          ? command.unavailable
          : undefined;
    if (why !== undefined) {
      this.test?.parent?.tests.forEach((test) => (test.title += ` (skipped: ${why})`));
      this.skip();
    }
    busybox = (found as { path: string }).path;
    base = mkdtempSync(join(tmpdir(), 'nsinit-readonly-'));
  });

  after(() => {
    if (base !== '') rmdirSync(base);
  });

  /** A tmpfs with these options as the root, another below it, and a command that looks and writes. */
  function look(as: string, options: string, script: string): string {
    const sets = [
      `mount -t tmpfs -o mode=755 none ${base}`,
      `mkdir ${base}/root && mount -t tmpfs -o mode=755 none ${base}/root`,
      `mkdir ${base}/root/bin ${base}/root/below ${base}/given`,
      `cp ${busybox} ${base}/root/bin/busybox`,
      `mount -t tmpfs -o mode=777,${options} none ${base}/root/below`,
      `mount -o remount,bind,${options} ${base}/root`,
      // A program cannot be on a noexec root.
      `mount --bind ${busybox} ${base}/root/bin/busybox`,
      `chmod 777 ${base}/given ${base}/root/below`,
      `chmod 777 ${base}/root`,
    ];
    const run = `${as} ${process.execPath} ${COMMAND} run --rootfs ${base}/root --readonly --bind ${base}/given:/dev/shm/given -- /bin/busybox sh -c '${script}'`;
    const { stdout, stderr, status } = spawnSync(
      'unshare',
      ['-m', 'sh', '-ec', [...sets, run].join('\n')],
      {
        encoding: 'utf8',
        env: environment(),
      },
    );
    expect([
      status,
      stderr.replace(/.*(Read-only file system|can.t create).*\n/g, ''),
    ]).to.deep.equal([0, '']);
    return stdout;
  }

  const SCRIPT = `
    for path in /new /below/new /dev/shm/given/new; do echo x > $path && echo wrote $path; done
    busybox cat /proc/self/mountinfo || /bin/busybox cat /proc/self/mountinfo`;

  for (const [who, as] of [
    ['as root', ''],
    ['in a user namespace, where they are locked', AS_NOBODY],
  ] as const) {
    for (const [options, kept] of FLAGS) {
      it(`keeps ${options} ${who}, and cannot be written to, nor what was mounted below`, () => {
        const out = look(as, options, SCRIPT.replace('busybox cat /proc/self/mountinfo || ', ''));
        expect(out.match(/^wrote .*/gm)).to.deep.equal(['wrote /dev/shm/given/new']);
        for (const place of ['/', '/below']) {
          const line = out.split('\n').find((each) => each.split(' ')[4] === place) ?? '';
          const shown = (line.split(' ')[5] ?? '').split(',');
          expect(shown, line).to.include.members(['ro', ...kept]);
          if (options === 'strictatime') expect(shown).not.to.include.members(['relatime']);
        }
      });
    }
  }
});
