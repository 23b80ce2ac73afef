import { Pipeline } from '../pipeline/pipeline.js';
import type { Fd } from '../syscalls/descriptor.js';
import type { LaunchOptions, NamespaceLaunchOptions } from './launch-options.js';
import { DEFAULT_PATH, type ProcessSpec, type UserSpec } from './process-spec.js';
import type { RuntimeHost } from './runtime-host.js';
import { seccompInstructions } from './seccomp.js';
import { LOCAL_RUN_OPTIONS, type SetUpData, type SetUpOptions } from './set-up-options.js';
import { planNamespaces, type NamespacePlan } from './start-container.js';
import type { TerminalSize } from './terminal.js';

/**
 * The namespaces that options ask for.
 *
 * @param privileged another's privileges, for a plan.
 * @throws NamespaceError; UserMappingError.
 */
export function planNamespacesOf(
  { namespaces = {}, userMapping, uid, gid }: NamespaceLaunchOptions,
  privileged?: boolean,
): NamespacePlan {
  const mapped = { uid: uid ?? 0, gid: gid ?? uid ?? 0 };
  return planNamespaces(namespaces, { mapping: userMapping, mapped, privileged });
}

/**
 * The process that options ask for.
 *
 * @throws TypeError naming the option.
 */
export function planProcess(
  host: RuntimeHost,
  options: LaunchOptions,
  stdio: readonly (Fd | 'null')[],
): ProcessSpec {
  const { command, args = [], cwd = '/', hostname, domainname, umask, capabilities } = options;
  const { noNewPrivileges } = options;
  const seccomp =
    options.seccomp === undefined ? undefined : seccompInstructions(host, options.seccomp);
  checkStrings('command', [command]);
  checkStrings('args', args);
  checkStrings('cwd', [cwd]);
  if (command === '') throw new TypeError('command is empty');
  return {
    command,
    args,
    env: environmentOf(options),
    cwd,
    stdio,
    terminal: Boolean(options.terminal),
    newSession: options.newSession ?? true,
    limits: options.limits ?? {},
    dieWithParent: options.dieWithParent ?? true,
    ...given({
      user: userOf(options),
      hostname,
      domainname,
      umask,
      capabilities,
      noNewPrivileges,
      seccomp,
    }),
  };
}

/** Leaves out what is undefined. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function userOf({ uid, gid, groups }: LaunchOptions): UserSpec | undefined {
  if (uid === undefined && gid === undefined && groups === undefined) return undefined;
  return { uid: uid ?? 0, gid: gid ?? uid ?? 0, ...(groups === undefined ? {} : { groups }) };
}

function environmentOf({ env = {}, terminal }: LaunchOptions): Record<string, string> {
  const whole: Record<string, string> = { PATH: DEFAULT_PATH };
  if (terminal) whole.TERM = 'xterm';
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    checkStrings(`env.${name}`, [name, value]);
    if (name === '' || name.includes('='))
      throw new TypeError(`env has a name that cannot be: ${JSON.stringify(name)}`);
    whole[name] = value;
  }
  return whole;
}

function checkStrings(name: string, values: readonly unknown[]): void {
  for (const value of values) {
    if (typeof value !== 'string')
      throw new TypeError(`${name} must be a string, not ${typeof value}`);
    if (value.includes('\0'))
      throw new TypeError(`${name} has a NUL byte: ${JSON.stringify(value)}`);
  }
}

/** How the root is set up, for another thread; undefined for a Pipeline, which cannot go there. */
export function setUpDataOf({
  rootfs,
  preset,
  presetOptions,
  pipeline,
  noFallbacks,
  force,
  replay,
}: SetUpOptions): SetUpData | undefined {
  if (pipeline instanceof Pipeline) return undefined;
  return { rootfs, preset, presetOptions, pipeline, noFallbacks, force, replay };
}

/**
 * Refuses what only a Pipeline of this thread can be given: functions and objects do not go to the
 * thread that runs a preset or a module's pipeline.
 *
 * @throws TypeError naming the option.
 */
export function refuseLocalOptions(options: LaunchOptions): void {
  if (options.pipeline instanceof Pipeline) return;
  const given = LOCAL_RUN_OPTIONS.find((option) => options[option] !== undefined);
  if (given === undefined) return;
  const instead =
    options.pipeline === undefined
      ? "give createPreset('standard') as pipeline"
      : "let the module's function give it to its pipeline";
  throw new TypeError(
    `${given} goes with a Pipeline of this thread, and another thread runs this one: ${instead}`,
  );
}

const DEFAULT_SIZE: TerminalSize = { columns: 80, rows: 24 };

/** The size of the terminal that options ask for; undefined for none. */
export function terminalSizeOf({ terminal }: LaunchOptions): TerminalSize | undefined {
  if (terminal === undefined || terminal === false) return undefined;
  return terminal === true ? DEFAULT_SIZE : terminal;
}

/** What ends the container from outside. */
export function controlsOf({ signal, timeout, killSignal = 'SIGKILL' }: LaunchOptions): {
  signal: AbortSignal | undefined;
  timeout: number | undefined;
  killSignal: NodeJS.Signals | number;
} {
  return { signal, timeout, killSignal };
}
