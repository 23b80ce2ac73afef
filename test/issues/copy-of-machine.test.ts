import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { whyNoNamespace } from '../attacks/in-own-namespace.js';
import { environment } from '../integration/environment.js';

const COMMAND = fileURLToPath(new URL('../../nsinit.cjs', import.meta.url));
const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const NOBODY = 'setpriv --reuid=65534 --regid=65534 --clear-groups';

// The tmpfs of a throwaway copy was attached over /tmp. Nothing could be bound from there, and
// where /tmp is a mount of its own the copy showed the directories of that tmpfs in its place.
// What was bound to be writable below a mount that the copy shows read-only was refused by verify.
// --readonly left the directories of / writable for an ordinary user, whose copy has an overlay for
// each of them, and the whole copy with the preset classic. A directory that the user may not enter
// ended the search for a place, and a backslash in a name of / was an escape to overlayfs.
describe('a throwaway copy of a machine', () => {
  let base = '';

  before(function () {
    const why = whyNoNamespace(new URL(import.meta.url));
    if (why !== undefined) {
      this.test?.parent?.tests.forEach((test) => (test.title += ` (skipped: ${why})`));
      this.skip();
    }
    base = mkdtempSync(join(tmpdir(), 'nsinit-copy-'));
  });

  after(() => {
    if (base !== '') rmdirSync(base);
  });

  /** Runs a script as root in a mount namespace of its own, and one in a copy of what it is there. */
  function inCopy(prepare: string, options: string, inside: string, as = ''): string {
    const run = `${as} ${process.execPath} ${COMMAND} run ${options} -- sh -c '${inside}'`;
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      ['-m', '--propagation', 'private', 'sh', '-ec', `${prepare}\ncd /\n${run}`],
      { encoding: 'utf8', env: environment() },
    );
    expect([status, stderr]).to.deep.equal([0, '']);
    return stdout.trim();
  }

  for (const [who, as] of [
    ['root', ''],
    ['an ordinary user', NOBODY],
  ] as const) {
    it(`shows what is bound from /tmp, and what is where it has attached its own, to ${who}`, () => {
      const prepare = [
        `mount -t tmpfs -o mode=755 none ${base}; touch ${base}/given`,
        'mount -t tmpfs -o mode=755 none /var; mkdir /var/empty; touch /var/empty/there',
      ].join('\n');
      const shown = inCopy(prepare, `--bind ${base}:/mnt`, 'ls /mnt /var/empty', as);
      expect(shown).to.equal('/mnt:\ngiven\n\n/var/empty:\nthere');
    });

    it(`lets ${who} write to what is bound below a mount that is shown read-only`, () => {
      const prepare = [
        'mount -t tmpfs -o mode=755 none /mnt; mkdir -m 777 /mnt/project; mkdir /mnt/other',
        'chmod 777 /mnt/other',
      ].join('\n');
      const write =
        'touch /mnt/project/x && echo written; touch /mnt/other/x 2>&1 | grep -c Read-only';
      expect(inCopy(prepare, '--bind /mnt/project', write, as)).to.equal('written\n1');
    });
  }

  for (const [who, as, options] of [
    ['root', '', ''],
    ['root with the preset classic', '', '--preset classic'],
    ['an ordinary user', NOBODY, ''],
  ] as const) {
    it(`is read-only with --readonly, but for what is bound, for ${who}`, () => {
      const prepare = `mount -t tmpfs -o mode=755 none ${base}; mkdir -m 777 ${base}/given`;
      const binds = `--bind ${base}/given:/etc --bind ${base}/given:/usr/new`;
      const shown = inCopy(
        prepare,
        `${options} --readonly ${binds}`,
        'touch /x /opt/x /usr/x 2>&1 | grep -c Read-only; touch /etc/x /usr/new/y && ls /etc',
        as,
      );
      expect(shown).to.equal('3\nx\ny');
    });
  }

  it('is attached where an ordinary user can enter', () => {
    const prepare = 'mount -t tmpfs -o mode=700 none /var; mkdir /var/empty';
    expect(inCopy(prepare, '', 'echo shown', NOBODY)).to.equal('shown');
  });

  it('shows an ordinary user a directory with a backslash in its name', () => {
    const prepare = [
      `mount -t tmpfs -o mode=755 none ${base}; cd ${base}; mkdir upper work root`,
      'mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work none root; cd root',
      'for own in proc sys dev; do mount --rbind /$own $own; done',
      `mkdir -p .${REPOSITORY}; mount --bind ${REPOSITORY} .${REPOSITORY}`,
      'mkdir old; pivot_root . old; cd /; umount -l old',
      String.raw`mkdir -m 777 '/a b:c,d\e'; touch '/a b:c,d\e/there'`,
    ].join('\n');
    expect(inCopy(prepare, '', 'cd /a*; touch new; ls', NOBODY)).to.equal('new\nthere');
  });

  it('does not show its own mount where / is bound as it is', () => {
    const shown = inCopy(
      ':',
      '--bind /:/mnt',
      'grep " /mnt" /proc/mounts | grep -c upperdir; ls /mnt/media',
    );
    expect(shown).to.equal('0');
  });
});
