import { statSync, type Stats } from 'node:fs';
import { resolve } from 'node:path';
import type { LogFormat, LogLevel } from '../logging.js';
import type { NamespaceOptions } from '../runtime/namespaces.js';
import type { PresetOptions } from '../steps/presets.js';
import type { PropagationMode } from '../steps/propagation.js';
import type { ConfinementFlags } from './confinement-flags.js';
import { mountsInOrder, type GivenMount } from './mount-order.js';
import { UsageError } from './usage-error.js';
import { MOST_ID } from '../syscalls/kernel-limits.js';

/** The options of `nsinit run`, as commander reads them. */
export interface RunFlags extends ConfinementFlags {
  readonly rootfs?: string;
  readonly bundle?: string;
  readonly preset: 'standard' | 'classic';
  readonly readonly?: boolean;
  readonly pivot: boolean;
  readonly propagation?: PropagationMode;
  readonly loopDevices?: boolean;
  readonly bind: readonly GivenMount[];
  readonly tmpfs: readonly GivenMount[];
  readonly tty?: boolean;
  readonly env: readonly string[];
  readonly clearEnv?: boolean;
  readonly cwd?: string;
  readonly hostname?: string;
  readonly user?: string;
  readonly sharePid?: boolean;
  readonly shareIpc?: boolean;
  readonly shareUts?: boolean;
  readonly unshareNet?: boolean;
  readonly trace?: string;
  readonly traceEvents?: string;
  readonly logLevel?: LogLevel;
  readonly logFormat: LogFormat;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly verify: boolean;
  readonly fallbacks: boolean;
  readonly force?: boolean;
  /** A configuration file. */
  readonly config?: string;
  /** What such a file says. */
  readonly namespaces?: NamespaceOptions;
}

const WITH_A_VALUE = ['config', 'rootfs', 'bundle', 'cwd', 'trace', 'traceEvents'] as const;

/** An empty value is a variable of a shell that is not set. @throws UsageError */
export function checkValues(given: RunFlags): void {
  const empty = WITH_A_VALUE.find((option) => given[option] === '');
  if (empty === undefined) return;
  const spelled = empty.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new UsageError(`--${spelled} is empty: leave it out, or give it a value`);
}

/** An absolute path. @throws UsageError where there is no working directory for a relative one. */
export function absolutePath(option: string, path: string): string {
  try {
    return resolve(path);
  } catch {
    throw new UsageError(
      `${option}: ${path} is a relative path, and the working directory has been removed`,
    );
  }
}

/** @throws UsageError when it is missing, no directory, or the machine's own root. */
export function checkRootfs(path: string, option = '--rootfs'): string {
  const rootfs = absolutePath(option, path);
  let stat: Stats | undefined;
  try {
    stat = statSync(rootfs, { throwIfNoEntry: false });
  } catch (error) {
    throw new UsageError(`${option}: ${(error as Error).message}`);
  }
  if (stat === undefined) throw new UsageError(`${option}: ${rootfs} does not exist`);
  if (!stat.isDirectory()) throw new UsageError(`${option}: ${rootfs} is not a directory`);
  const own = statSync('/');
  if (stat.ino === own.ino && stat.dev === own.dev) {
    throw new UsageError(
      `${option}: ${rootfs} is this machine's own root; without --rootfs and --bundle it is a throwaway copy of it`,
    );
  }
  return rootfs;
}

/** `UID[:GID]`; the group is the user's number unless given. @throws UsageError */
export function parseUser(value: string): { readonly uid: number; readonly gid: number } {
  const match = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(value);
  if (match === null || match.slice(1).some((id) => Number(id) > MOST_ID))
    throw new UsageError(
      `--user takes UID[:GID] as numbers up to ${MOST_ID}, not ${JSON.stringify(value)}`,
    );
  const uid = Number(match[1]);
  return { uid, gid: match[2] === undefined ? uid : Number(match[2]) };
}

/** The command's environment: this process's, less what is cleared, and the given. @throws UsageError */
export function buildEnvironment(given: readonly string[], clear: boolean): Record<string, string> {
  const env: Record<string, string> = {};
  if (!clear) {
    for (const [name, value] of Object.entries(process.env))
      if (value !== undefined) env[name] = value;
  }
  for (const assignment of given) {
    const equals = assignment.indexOf('=');
    if (equals < 1) throw new UsageError(`--env takes K=V, not ${JSON.stringify(assignment)}`);
    env[assignment.slice(0, equals)] = assignment.slice(equals + 1);
  }
  return env;
}

/** What is asked of a preset, undefined where nothing is. */
export function presetOptionsOf(given: RunFlags): PresetOptions {
  return {
    readonly: given.readonly,
    noPivot: given.pivot ? undefined : true,
    propagation: given.propagation,
    loopDevices: given.loopDevices,
    console: given.tty === true ? true : undefined,
    verify: given.verify ? undefined : false,
    mounts: mountsInOrder([...given.bind, ...given.tmpfs]),
  };
}

/** How much is logged. */
export function chooseLogLevel(given: Pick<RunFlags, 'logLevel' | 'quiet' | 'verbose'>): LogLevel {
  if (given.quiet === true) return 'none';
  return given.logLevel ?? (given.verbose === true ? 'info' : 'none');
}
