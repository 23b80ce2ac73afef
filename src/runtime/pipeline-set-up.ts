import type { Pipeline } from '../pipeline/pipeline.js';
import type { Prepared } from '../pipeline/prepare.js';
import type { Provided, RunReport } from '../pipeline/run.js';
import {
  COMMAND_INHERITS,
  CONTAINER_PROCESS,
  PID_NAMESPACE,
  TERMINAL,
  USER_NAMESPACE,
} from '../steps/keys.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import type { SetUp, SetUpContext } from './set-up.js';
import type { LocalRunOptions, SetUpData } from './set-up-options.js';

/** A pipeline as a set-up: what the runtime knows of the container is handed over by key. */
export function pipelineSetUp(
  pipeline: Pipeline,
  { rootfs, noFallbacks, force }: Pick<SetUpData, 'rootfs' | 'noFallbacks' | 'force'>,
  local: LocalRunOptions = {},
): SetUp<RunReport> {
  const setUp =
    (prepared?: Prepared): SetUp<RunReport> =>
    (syscalls, context) => {
      nameHandedOver(syscalls, context);
      return pipeline.run({
        ...local,
        syscalls,
        rootfs,
        noFallbacks,
        force,
        prepared,
        provide: [...handedOver(context), ...(local.provide ?? [])],
      });
    };
  if (!pipeline.needsPreparation) return setUp();
  const prepare: SetUp<RunReport>['prepare'] = async (options) => {
    const preparation = await pipeline.prepare({ ...local, ...options, force });
    return {
      use: (start) => preparation.use((prepared) => start(setUp(prepared))),
      ...(preparation.hasEnd ? { end: () => preparation.end() } : {}),
    };
  };
  return Object.assign(setUp(), { prepare });
}

/** Numbers of processes and terminals differ from run to run; a plan and a trace must not. */
export function nameHandedOver(
  { descriptors }: Syscalls,
  { pidNamespace, terminal }: Pick<SetUpContext, 'pidNamespace' | 'terminal'>,
): void {
  if (pidNamespace !== undefined) descriptors.set(pidNamespace, 'PID namespace');
  if (terminal !== undefined) descriptors.set(terminal, 'terminal');
}

/** What the runtime knows of the container, by key. */
export function handedOver({
  pidNamespace,
  terminal,
  userNamespace,
  container,
}: Omit<SetUpContext, 'container'> & Partial<Pick<SetUpContext, 'container'>>): Provided[] {
  const values: Provided[] = [
    [USER_NAMESPACE, userNamespace],
    // The command is another process, in which the runtime closes everything itself.
    [COMMAND_INHERITS, false],
  ];
  if (container !== undefined) values.push([CONTAINER_PROCESS, container]);
  if (pidNamespace !== undefined) values.push([PID_NAMESPACE, pidNamespace]);
  if (terminal !== undefined) values.push([TERMINAL, terminal]);
  return values;
}
