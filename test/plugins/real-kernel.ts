import { spawnSync } from 'node:child_process';
import { childCommand } from '../contract/child-command.js';
import type { Caller } from '../contract/world.js';

/** What the scenarios of a module came to, by their names. */
export interface KernelRun<T> {
  readonly results: T;
  /** Why the kernel could not be asked. */
  readonly unavailable?: string;
}

/**
 * Runs every function that a module exports under `scenarios`, each in a mount namespace of its
 * own, in a process with a caller's privileges.
 *
 * @throws Error with what the process said, when it ended badly.
 */
export function runOnKernel<T extends object>(module: URL, caller: Caller): KernelRun<T> {
  const command = childCommand(caller, new URL('./kernel-child.js', import.meta.url), module.href);
  if ('unavailable' in command) return { results: {} as T, unavailable: command.unavailable };
  const child = spawnSync(command.file, command.args, {
    encoding: 'utf8',
    env: command.env,
    maxBuffer: 1 << 26,
  });
  if (child.status !== 0)
    throw new Error(`the scenarios ended with ${child.status}: ${child.stderr}`);
  return { results: JSON.parse(child.stdout) as T };
}
