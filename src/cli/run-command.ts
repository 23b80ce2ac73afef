import { CommandError } from '../runtime/command-error.js';
import type { RunningProcess } from '../runtime/running-process.js';
import { ContainerThread, startContainer } from '../runtime/start-container.js';
import { pipelineSetUp } from '../runtime/pipeline-set-up.js';
import { NamespaceError } from '../runtime/namespaces.js';
import type { ProcessSpec } from '../runtime/process-spec.js';
import type { TerminalSize } from '../runtime/terminal.js';
import { createLogger } from '../logging.js';
import { NsinitError, type ErrorCode } from '../pipeline/errors.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { createPreset } from '../steps/presets.js';
import type { RuntimeHost } from '../runtime/runtime-host.js';
import { asFd } from '../syscalls/descriptor.js';
import { applyConfig } from './config-flags.js';
import { complain, writeError } from './complain.js';
import type { CallerTerminal } from './attach-terminal.js';
import type { Confined, Confinement } from './confinement.js';
import { forwardSignals } from './forward-signals.js';
import { planNamespacesFor } from './namespace-options.js';
import { prepareAndStart, PreparingEndedError } from './prepare-and-start.js';
import { openObservers } from './run-observers.js';
import {
  buildEnvironment,
  checkRootfs,
  checkValues,
  chooseLogLevel,
  parseUser,
  presetOptionsOf,
  type RunFlags,
} from './run-options.js';
import { limitTime, timeLimitOf, TIMED_OUT, type TimeLimit } from './time-limit.js';
import { UsageError } from './usage-error.js';

/** The set-up failed: 125, as env(1) and containers have it. */
export const SET_UP_FAILED = 125;

/** The pipeline that the options ask for. @throws UsageError; NsinitError. */
export function buildPipeline(given: RunFlags): Pipeline {
  const throwaway = given.rootfs === undefined;
  return createPreset(given.preset, { ...presetOptionsOf(given), throwaway });
}

/** `nsinit run`. @returns the exit status. @throws UsageError and what the set-up throws. */
export async function runCommand(command: readonly string[], flags: RunFlags): Promise<number> {
  checkValues(flags);
  if (command[0] === '') throw new UsageError('the command is empty');
  const { given, pipeline = buildPipeline(given) } = await applyConfig(flags);
  // A plan makes the steps as well, of which those of others may lack a service.
  if (given.config === undefined) pipeline.check({ force: given.force });
  else pipeline.plan({ force: given.force });
  const rootfs = given.rootfs === undefined ? undefined : checkRootfs(given.rootfs);
  const user = given.user === undefined ? undefined : parseUser(given.user);
  const plan = planNamespacesFor(given, user);
  const limit = timeLimitOf(given);
  const env = buildEnvironment(given.env, given.clearEnv ?? false);
  const logger = createLogger(chooseLogLevel(given), given.logFormat, writeError);
  const { observers, close } = await openObservers(given, logger);
  // The seed's mount(2) of proc shows the PID namespace of the process that makes the call.
  const thread = new ContainerThread(undefined, given.preset !== 'classic');
  const userNamespace = plan.namespaces.user !== 'shared';
  const own = userNamespace ? 0 : (globalThis.process.geteuid?.() ?? 0);
  const confined = { uid: user?.uid ?? own, userNamespace };
  const confinement = await confinementFor(given, confined, thread.host);
  const spec = { command, user, env, ...confinement };
  const terminal = given.tty === true ? await openTerminal(thread) : undefined;
  const setUp = pipelineSetUp(
    pipeline,
    { rootfs, noFallbacks: !given.fallbacks, force: given.force },
    { logger, observers },
  );
  try {
    const process = processSpec(given, spec, terminal);
    const master = terminal === undefined ? {} : { terminal: terminal.master };
    const started = await prepareAndStart(setUp, thread, (ready) =>
      startContainer({ plan, setUp: ready, process, ...master }, thread),
    );
    return await untilEnd(started.process, terminal, limit);
  } catch (error) {
    if (error instanceof CommandError || error instanceof PreparingEndedError) {
      complain(error.message);
      return error.exitStatus;
    }
    throw error;
  } finally {
    close();
  }
}

const takesNothingAway = ({ newPrivileges, seccomp, capDrop, capAdd, rlimit }: RunFlags): boolean =>
  newPrivileges && seccomp === undefined && [...capDrop, ...capAdd, ...rlimit].length === 0;

// Most runs take nothing away, and do not load what it takes.
async function confinementFor(
  given: RunFlags,
  confined: Confined,
  host: RuntimeHost,
): Promise<Confinement> {
  if (takesNothingAway(given)) return { limits: {} };
  const { confinementOf } = await import('./confinement.js');
  return confinementOf(given, confined, host);
}

function processSpec(
  given: RunFlags,
  {
    command: [command = '', ...args],
    user,
    ...confinement
  }: Confinement & {
    readonly env: ProcessSpec['env'];
    readonly command: readonly string[];
    readonly user: { readonly uid: number; readonly gid: number } | undefined;
  },
  terminal: CallerTerminal | undefined,
): ProcessSpec {
  const slave = terminal?.slave;
  return {
    command,
    args,
    ...confinement,
    cwd: given.cwd ?? '/',
    ...(user === undefined ? {} : { user }),
    ...(given.hostname === undefined ? {} : { hostname: given.hostname }),
    stdio: slave === undefined ? [asFd(0), asFd(1), asFd(2)] : [slave, slave, slave],
    terminal: slave !== undefined,
    newSession: slave !== undefined || given.newSession === true,
    dieWithParent: true,
  };
}

/** Makes a terminal for the command; what only that needs is loaded here. */
export async function openTerminal(
  { host }: ContainerThread,
  size?: TerminalSize,
): Promise<CallerTerminal> {
  const { openCallerTerminal } = await import('./attach-terminal.js');
  return openCallerTerminal(host.syscalls, size);
}

/** Waits for the command, with the caller's terminal and signals. @returns the exit status. */
export async function untilEnd(
  running: RunningProcess,
  terminal: CallerTerminal | undefined,
  limit: TimeLimit | undefined,
): Promise<number> {
  const stopClock = limitTime(running, limit);
  const stopForwarding = forwardSignals(running);
  const detach = terminal?.attach();
  const { code, signal } = await running.gone;
  await detach?.();
  stopForwarding();
  if (!stopClock()) return code ?? 128 + (signal ?? 0);
  complain(`the command was ended after ${limit?.text} (--timeout)`);
  return TIMED_OUT;
}

/** Whether nothing can wait to be written: then the process need not either, for 2 ms. */
export const isSilent = (given: RunFlags): boolean =>
  given.tty !== true && chooseLogLevel(given) === 'none';

// What is wrong was asked for.
const USAGE: ReadonlySet<ErrorCode> = new Set(['NSINIT_CONFIG', 'NSINIT_OPTION', 'NSINIT_PLAN']);

/** The exit status for an error, told in one line. */
export function statusOf(error: unknown): number {
  const message = error instanceof Error ? error.message : String(error);
  complain(message);
  return error instanceof UsageError ||
    error instanceof NamespaceError ||
    (error instanceof NsinitError && USAGE.has(error.code))
    ? 2
    : SET_UP_FAILED;
}
