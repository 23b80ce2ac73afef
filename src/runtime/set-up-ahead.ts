import type { LaunchOptions } from './launch-options.js';
import { setUpDataOf } from './plan-launch.js';
import type { SetUpData, SetUpOptions } from './set-up-options.js';

/** The set-up that a pool can make before it knows a job; undefined when it leaves that to launches. */
export function setUpAhead(
  options: SetUpOptions & { readonly ahead?: 'root' | 'namespaces' | undefined },
): SetUpData | undefined {
  const { rootfs, preset, presetOptions, pipeline } = options;
  const told = [rootfs, preset, presetOptions, pipeline].some((option) => option !== undefined);
  const ahead = options.ahead ?? (told ? 'root' : 'namespaces');
  return ahead === 'root' ? setUpDataOf(options) : undefined;
}

const SET_UP = [
  'rootfs',
  'preset',
  'presetOptions',
  'pipeline',
  'noFallbacks',
  'force',
  'replay',
] as const satisfies readonly (keyof SetUpOptions)[];

/** Whether a root that a pool has set up with its own options is the right one for a job. */
export function isMadeAhead(
  job: SetUpOptions & Pick<LaunchOptions, 'terminal' | 'dieWithParent'>,
  pool: SetUpOptions,
): boolean {
  // The console is made by a step, and PID 1 has its death signal already.
  if (Boolean(job.terminal) || job.dieWithParent === false) return false;
  return SET_UP.every((name) => job[name] === undefined || job[name] === pool[name]);
}
