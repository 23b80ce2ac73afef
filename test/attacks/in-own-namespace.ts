import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childCommand } from '../contract/child-command.js';

/** Why {@link inOwnNamespace} cannot be called here. */
export function whyNoNamespace(module: URL): string | undefined {
  const command = childCommand('root', module);
  return 'unavailable' in command ? command.unavailable : undefined;
}

/**
 * Runs a module in a mount namespace of its own, with its order as JSON and an empty directory,
 * whose content is gone when it returns.
 *
 * @returns what it printed.
 * @throws Error when it fails.
 */
export function inOwnNamespace(module: URL, order: object): string {
  const base = mkdtempSync(join(tmpdir(), 'nsinit-test-'));
  try {
    const command = childCommand('root', module, JSON.stringify({ ...order, base }));
    if ('unavailable' in command) throw new Error(command.unavailable);
    const { file, args, env } = command;
    const { stdout, stderr, status } = spawnSync(file, args, {
      env,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(`${module.href} ended with ${status}: ${stderr}`);
    return stdout;
  } finally {
    rmdirSync(base);
  }
}
