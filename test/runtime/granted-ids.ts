import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync } from 'node:fs';
import { environment } from '../integration/environment.js';

const IDENTITY = ['--reuid=65534', '--regid=65534', '--clear-groups'];
const NEEDED = ['/etc/subuid', '/etc/subgid', '/usr/bin/newuidmap', '/usr/bin/newgidmap'];

/** Why {@link runWithGrants} cannot, or undefined. */
export function whyNoGrants(): string | undefined {
  if (process.geteuid?.() !== 0) return 'it needs root, to show other files as /etc/subuid';
  const missing = NEEDED.find((file) => !existsSync(file));
  return missing === undefined ? undefined : `${missing} is missing (package uidmap)`;
}

/**
 * Runs a program as uid 65534 in a mount namespace where `granted` is shown as /etc/subuid and
 * /etc/subgid. Those of the machine stay as they are.
 */
export function runWithGrants(
  granted: string,
  ...program: readonly string[]
): SpawnSyncReturns<string> {
  const mounts = ['/etc/subuid', '/etc/subgid'].map((file) => `mount --bind "$1" ${file}`);
  const script = `${mounts.join(' && ')} && shift && exec setpriv "$@"`;
  const shell = ['sh', '-c', script, 'sh', granted, ...IDENTITY, ...program];
  const namespace = ['--mount', '--propagation', 'private'];
  return spawnSync('unshare', [...namespace, ...shell], { encoding: 'utf8', env: environment() });
}
