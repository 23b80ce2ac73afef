import type { Pipeline } from '../../src/pipeline/pipeline.js';
import type { RunOptions, RunReport } from '../../src/pipeline/run.js';
import { StepError } from '../../src/pipeline/errors.js';
import { parseMountinfo, type MountinfoEntry } from '../../src/syscalls/mountinfo.js';
import { MockSyscalls, type MockOptions } from '../../src/syscalls/mock-syscalls.js';
import { DEFAULT_MOUNTS } from '../../src/syscalls/model/default-host.js';
import type { SeedMount } from '../../src/syscalls/model/seed-mounts.js';
import { directory, type SeedTree } from '../../src/syscalls/model/seed-tree.js';

export const ROOT = '/srv/root';

/** As `unshare -Ur` leaves a user: one id mapped, own mount namespace, and what else is named. */
export function userNamespace(...own: readonly ('pid' | 'net' | 'ipc' | 'uts')[]): {
  readonly credentials: NonNullable<MockOptions['credentials']>;
  readonly files: SeedTree;
} {
  const ids = [{ inside: 0, outside: 1000, count: 1 }];
  return {
    credentials: { userNamespace: { owner: 1000, uidMap: ids, gidMap: ids }, own },
    files: { [ROOT]: directory(0o755, { uid: 1000, gid: 1000 }) },
  };
}

/** Mounts beside those of the small machine. */
export function alsoMounted(...mounts: readonly SeedMount[]): Pick<MockOptions, 'mounts'> {
  return { mounts: [...DEFAULT_MOUNTS, ...mounts] };
}

/** Runs a pipeline on a model, in whose only mount namespace it is at home. */
export function run(
  sys: MockSyscalls,
  pipeline: Pipeline,
  options: Partial<RunOptions> = {},
): RunReport {
  return pipeline.run({ syscalls: sys, rootfs: ROOT, force: true, ...options });
}

/** The same, for a run that fails. */
export function failure(
  sys: MockSyscalls,
  pipeline: Pipeline,
  options: Partial<RunOptions> = {},
): StepError {
  try {
    run(sys, pipeline, options);
  } catch (error) {
    if (error instanceof StepError) return error;
    throw error;
  }
  throw new Error('the run succeeded');
}

/** The mounts at and below a path, in the order of mountinfo. */
export function mountsBelow(sys: MockSyscalls, path: string): MountinfoEntry[] {
  return parseMountinfo(sys.state.mountinfo).filter(
    ({ mountPoint }) => mountPoint === path || mountPoint.startsWith(`${path}/`),
  );
}

/** Files below a path as `path type+mode target`, type and mode in octal. */
export function filesBelow(sys: MockSyscalls, path: string): string[] {
  return sys.state
    .tree(path)
    .map(({ path: name, type, mode, target }) =>
      [name, (type | mode).toString(8), ...(target === undefined ? [] : [target])].join(' '),
    );
}
