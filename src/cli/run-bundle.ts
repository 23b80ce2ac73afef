import { CommandError } from '../runtime/command-error.js';
import { planNamespacesOf, planProcess } from '../runtime/plan-launch.js';
import { pipelineSetUp } from '../runtime/pipeline-set-up.js';
import { ContainerThread, startContainer } from '../runtime/start-container.js';
import { createLogger } from '../logging.js';
import { asFd } from '../syscalls/descriptor.js';
import type { OciContainer } from 'nsinit/plugins/oci-config';
import { complain, writeError } from './complain.js';
import { openTerminal, untilEnd } from './run-command.js';
import { openBundle, warnUnlessQuiet } from './open-bundle.js';
import { prepareAndStart, PreparingEndedError } from './prepare-and-start.js';
import { openObservers } from './run-observers.js';
import { checkRootfs, chooseLogLevel, type RunFlags } from './run-options.js';
import { timeLimitOf } from './time-limit.js';

/**
 * `nsinit run --bundle`.
 *
 * @param command runs instead of what config.json names, unless it is empty.
 * @returns the exit status: 2 for mistakes in config.json, each told in a line of its own.
 */
export async function runBundle(
  bundle: string,
  command: readonly string[],
  given: RunFlags,
): Promise<number> {
  const container = await openBundle(bundle, command, given);
  if (container === undefined) return 2;
  checkRootfs(container.launch.rootfs ?? '', 'config.json: $.root.path');
  try {
    return await runContainer(container, given);
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof PreparingEndedError)) throw error;
    complain(error.message);
    return error.exitStatus;
  } finally {
    const { runStopHooks } = await import('nsinit/plugins/oci-config');
    await runStopHooks(container, (warning) => warnUnlessQuiet(given, warning));
  }
}

async function runContainer(container: OciContainer, given: RunFlags): Promise<number> {
  const { runStartHooks } = await import('nsinit/plugins/oci-config');
  const { launch } = container;
  const plan = planNamespacesOf(launch);
  const limit = timeLimitOf(given);
  const logger = createLogger(chooseLogLevel(given), given.logFormat, writeError);
  const thread = new ContainerThread();
  const { host } = thread;
  const size = typeof launch.terminal === 'object' ? launch.terminal : undefined;
  const terminal = launch.terminal ? await openTerminal(thread, size) : undefined;
  const slave = terminal?.slave;
  const stdio = slave === undefined ? [asFd(0), asFd(1), asFd(2)] : [slave, slave, slave];
  const process = planProcess(host, { ...launch, newSession: slave !== undefined }, stdio);
  const { observers, close } = await openObservers(given, logger);
  const setUp = pipelineSetUp(
    container.pipeline,
    { rootfs: launch.rootfs, noFallbacks: !given.fallbacks, force: given.force },
    { logger, observers },
  );
  try {
    const master = terminal === undefined ? {} : { terminal: terminal.master };
    const started = await prepareAndStart(setUp, thread, (ready) =>
      startContainer({ plan, setUp: ready, process, ...master }, thread),
    );
    try {
      await runStartHooks(container, started.process.pids.command);
    } catch (error) {
      started.process.destroy();
      await started.process.gone;
      throw error;
    }
    return await untilEnd(started.process, terminal, limit);
  } finally {
    close();
  }
}
