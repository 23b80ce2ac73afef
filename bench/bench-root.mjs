import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** A root in which a static busybox is every program. */
export function makeBenchRoot(path) {
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((candidate) => existsSync(candidate));
  if (busybox === undefined)
    throw new Error('the benchmark needs a static busybox (package busybox-static)');
  for (const directory of ['', 'bin', 'dev', 'proc', 'sys', 'tmp', 'etc', 'mnt'])
    mkdirSync(join(path, directory), { recursive: true });
  chmodSync(path, 0o755);
  copyFileSync(realpathSync(busybox), join(path, 'bin/busybox'));
  for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
    if (applet !== 'busybox') symlinkSync('busybox', join(path, 'bin', applet));
  }
  // By this the floor knows that it has arrived.
  writeFileSync(join(path, '.nsinit-bench-root'), '');
  return path;
}
