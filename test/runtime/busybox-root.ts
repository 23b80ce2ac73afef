import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BUSYBOX = ['/bin/busybox', '/usr/bin/busybox', '/bin/busybox.static'];

/** Where busybox is, or why it is not there. */
export function findBusybox(): { path: string } | { missing: string } {
  for (const candidate of BUSYBOX) {
    try {
      const path = realpathSync(candidate);
      execFileSync(path, ['true']);
      return { path };
    } catch {
      continue;
    }
  }
  return { missing: 'a static busybox is needed (package busybox-static)' };
}

/** A root directory in which busybox is every program. */
export function makeBusyboxRoot(busybox: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'nsinit-root-'));
  chmodSync(path, 0o755);
  for (const directory of ['bin', 'dev', 'proc', 'sys', 'tmp', 'etc', 'mnt'])
    mkdirSync(join(path, directory));
  copyFileSync(busybox, join(path, 'bin/busybox'));
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n');
  for (const applet of applets)
    if (applet !== 'busybox') symlinkSync('busybox', join(path, 'bin', applet));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/**
 * Makes a root for the tests of the `describe` around it, which are skipped where it cannot be.
 *
 * @param made takes its path, before the first test.
 */
export function useBusyboxRoot(made: (path: string) => void): void {
  let remove = (): void => undefined;
  before(function () {
    const busybox = findBusybox();
    if ('missing' in busybox) {
      console.log(`      skipped: ${busybox.missing}`);
      return this.skip();
    }
    const root = makeBusyboxRoot(busybox.path);
    remove = root.remove;
    made(root.path);
  });
  after(() => remove());
}
