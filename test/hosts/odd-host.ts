import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment } from '../integration/environment.js';

const COMMAND = resolve('build/nsinit.cjs');
const FILTER = fileURLToPath(new URL('./under-filter.js', import.meta.url));
const NOBODY = 'setpriv --reuid=65534 --regid=65534 --clear-groups';

/** Who runs nsinit: root, or an ordinary user. */
export type Who = 'root' | 'nobody';

/** A host, and what is run there. */
export interface OddHost {
  /**
   * Shell, run by root in a mount namespace of its own: $R is a root, $T an empty directory,
   * $HERE this package, $NODE where node is.
   */
  readonly prepare?: string;
  /** How / takes part in propagation. */
  readonly propagation?: 'private' | 'shared';
  /** What nsinit is started through. */
  readonly through?: string;
  /** Calls that a seccomp filter refuses, as `openat2=ENOSYS`. */
  readonly refused?: string;
  /** `nsinit` and these; `run` unless given. */
  readonly args?: string;
}

export interface Seen {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs nsinit in a host that ends with it. */
export function onHost(root: string, who: Who, host: OddHost): Seen {
  const scratch = mkdtempSync(join(tmpdir(), 'nsinit-host-'));
  chmodSync(scratch, 0o755);
  const filter = host.refused === undefined ? '' : `${process.execPath} ${FILTER} ${host.refused}`;
  const args =
    host.args ?? `run -v --rootfs $R -- /bin/sh -c 'echo works > /dev/null && echo works'`;
  const script = [
    'set -e',
    host.prepare ?? '',
    [
      'exec',
      host.through?.startsWith('chroot') === true ? host.through : '',
      who === 'nobody' ? NOBODY : '',
      host.through?.startsWith('chroot') === true ? '' : (host.through ?? ''),
      filter,
      process.execPath,
      COMMAND,
      args,
    ].join(' '),
  ].join('\n');
  try {
    return spawnSync(
      'unshare',
      ['-m', '--propagation', host.propagation ?? 'private', 'sh', '-c', script],
      {
        encoding: 'utf8',
        timeout: 20_000,
        env: {
          ...environment(),
          R: root,
          T: scratch,
          NODE: dirname(process.execPath),
          HERE: process.cwd(),
        },
      },
    );
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
