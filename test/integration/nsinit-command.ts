import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment } from './environment.js';

const BUSYBOX = '/bin/busybox';
const APPLETS = ['sh', 'ls', 'cat', 'kill', 'pwd', 'stat', 'readlink', 'tty', 'touch'];

/** Why tests that run a command in a root cannot, or undefined. */
export function whyNoRoots(): string | undefined {
  if (process.geteuid?.() !== 0) return 'it needs root';
  if (!existsSync(BUSYBOX)) return 'it needs a static busybox (package busybox-static)';
  return undefined;
}

/** A root with a shell and nothing else: every mount point is missing. */
export function makeBareRoot(): string {
  const root = mkdtempSync(join(tmpdir(), 'nsinit-bare-'));
  mkdirSync(join(root, 'bin'));
  cpSync(BUSYBOX, join(root, 'bin/busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet));
  return root;
}

export function removeRoot(root: string): void {
  rmSync(root, { recursive: true });
}

/**
 * Makes a bare root for the tests of the `describe` around it, which are skipped where it cannot be.
 *
 * @param made takes its path, before the first test.
 */
export function useBareRoot(made: (root: string) => void): void {
  let root: string | undefined;
  before(function () {
    const why = whyNoRoots();
    if (why !== undefined) {
      for (const test of this.test?.parent?.tests ?? []) test.title += ` (skipped: ${why})`;
      this.skip();
    }
    root = makeBareRoot();
    made(root);
  });
  after(() => {
    if (root !== undefined) removeRoot(root);
  });
}

/** Runs the bundled command. */
export function nsinit(...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, ['build/nsinit.cjs', ...args], {
    encoding: 'utf8',
    env: environment(),
  });
}

/** All entries below a directory, as `path mode owner number target`. Links are not followed. */
export function listTree(directory: string): string[] {
  return readdirSync(directory)
    .sort()
    .flatMap((name) => {
      const path = join(directory, name);
      const stat = lstatSync(path);
      const target = stat.isSymbolicLink() ? ` -> ${readlinkSync(path)}` : '';
      const entry = `${path} ${stat.mode.toString(8)} ${stat.uid}:${stat.gid} ${stat.rdev}${target}`;
      return stat.isDirectory() ? [entry, ...listTree(path)] : [entry];
    });
}
