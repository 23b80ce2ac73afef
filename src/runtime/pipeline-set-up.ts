import type { Pipeline } from '../pipeline/pipeline.js';
import type { Provided, RunReport } from '../pipeline/run.js';
import {
  COMMAND_INHERITS,
  CONTAINER_PROCESS,
  PID_NAMESPACE,
  TERMINAL,
  USER_NAMESPACE,
} from '../steps/keys.js';
import type { SetUp, SetUpContext } from './set-up.js';
import type { LocalRunOptions, SetUpData } from './set-up-options.js';

/** A pipeline as a set-up: what the runtime knows of the container is handed over by key. */
export function pipelineSetUp(
  pipeline: Pipeline,
  { rootfs, noFallbacks, force }: Pick<SetUpData, 'rootfs' | 'noFallbacks' | 'force'>,
  local: LocalRunOptions = {},
): SetUp<RunReport> {
  return (syscalls, context) =>
    pipeline.run({
      ...local,
      syscalls,
      rootfs,
      noFallbacks,
      force,
      provide: [...handedOver(context), ...(local.provide ?? [])],
    });
}

function handedOver({
  pidNamespace,
  terminal,
  userNamespace,
  container,
}: SetUpContext): Provided[] {
  const values: Provided[] = [
    [USER_NAMESPACE, userNamespace],
    [CONTAINER_PROCESS, container],
    // The command is another process, in which the runtime closes everything itself.
    [COMMAND_INHERITS, false],
  ];
  if (pidNamespace !== undefined) values.push([PID_NAMESPACE, pidNamespace]);
  if (terminal !== undefined) values.push([TERMINAL, terminal]);
  return values;
}
