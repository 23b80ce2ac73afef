import { readFileSync } from 'node:fs';
import type { LinuxSyscalls, Pipeline, Provided, RunReport } from 'nsinit';
import type { Caller } from '../contract/world.js';
import { mountsOf } from './kit.js';

/** Work on the real kernel, in a fresh mount namespace with a tmpfs on /mnt. */
export interface Scenario {
  /** Who can do it; whoever is asked unless given. */
  readonly caller?: Caller;
  run(sys: LinuxSyscalls): unknown;
}

/** The directory that is to be the root. */
export const REAL_ROOT = '/mnt/root';

export function runReal(
  sys: LinuxSyscalls,
  pipeline: Pipeline,
  provide: readonly Provided[] = [],
): RunReport {
  return pipeline.run({ syscalls: sys, rootfs: REAL_ROOT, provide });
}

/** The mounts below the root, as `mountsOf` has them. */
export const realMounts = (): string[] =>
  mountsOf(readFileSync('/proc/thread-self/mountinfo', 'utf8'), REAL_ROOT);

/** What a piece of work throws, or undefined. */
export function messageOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
