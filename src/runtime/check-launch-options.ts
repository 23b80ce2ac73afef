import { Pipeline } from '../pipeline/pipeline.js';
import type { LaunchOptions } from './launch-options.js';
import { signalNumber } from './signals.js';
import { LONGEST_UTS_NAME, MOST_ID } from '../syscalls/kernel-limits.js';

/** What a value of an option is like. */
interface Check {
  readonly takes: string;
  readonly fits: (value: unknown) => boolean;
}

// setTimeout(3) of Node takes 31 bits, and fires at once for more.
const MOST_MILLISECONDS = 0x7fffffff;
const MOST_CHARACTERS = 0xffff;

const isWhole = (value: unknown, from: number, to: number): boolean =>
  Number.isInteger(value) && (value as number) >= from && (value as number) <= to;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
// Not by the prototype: that of process.env is no ordinary one.
const isRecord = (value: unknown): boolean => isObject(value) && !(Symbol.iterator in value);
const isList = (value: unknown, fits: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(fits);
const isText = (value: unknown): value is string => typeof value === 'string';
const isId = (value: unknown): boolean => isWhole(value, 0, MOST_ID);
const hasOnly = (value: unknown, names: readonly string[]): boolean =>
  isObject(value) && Object.keys(value).every((name) => names.includes(name));

const ANYTHING: Check = { takes: '', fits: () => true };
const OBJECT: Check = { takes: 'an object', fits: isRecord };
const TEXT: Check = { takes: 'a string', fits: isText };
const BOOLEAN: Check = { takes: 'true or false', fits: (value) => typeof value === 'boolean' };
const ID: Check = { takes: `a whole number from 0 to ${MOST_ID}`, fits: isId };
const UTS_NAME: Check = {
  takes: `a string of 1 to ${LONGEST_UTS_NAME} bytes without NUL`,
  fits: (value) =>
    isText(value) &&
    isWhole(Buffer.byteLength(value), 1, LONGEST_UTS_NAME) &&
    !value.includes('\0'),
};
const CAPABILITY_SETS = ['bounding', 'effective', 'permitted', 'inheritable', 'ambient'];

// Those of a step, a preset or a path are checked where they are taken.
const CHECKS: { readonly [O in keyof Required<LaunchOptions>]: Check } = {
  command: TEXT,
  args: { takes: 'a list of strings', fits: (value) => isList(value, isText) },
  env: { takes: 'an object with a string for each name', fits: isRecord },
  cwd: TEXT,
  uid: ID,
  gid: ID,
  groups: {
    takes: `a list of whole numbers from 0 to ${MOST_ID}`,
    fits: (value) => isList(value, isId),
  },
  hostname: UTS_NAME,
  domainname: UTS_NAME,
  umask: {
    takes: 'a whole number from 0 to 0o777',
    fits: (value) => isWhole(value, 0, 0o777),
  },
  stdio: {
    takes: '"inherit", "pipe", "ignore" or a list',
    fits: (value) => isText(value) || Array.isArray(value),
  },
  terminal: { takes: 'true, false or { columns, rows }', fits: isTerminal },
  signal: {
    takes: 'an AbortSignal',
    fits: (value) => value instanceof Object && 'throwIfAborted' in value,
  },
  timeout: {
    takes: `a whole number of milliseconds from 1 to ${MOST_MILLISECONDS}`,
    fits: (value) => isWhole(value, 1, MOST_MILLISECONDS),
  },
  killSignal: {
    takes: 'a signal such as "SIGTERM" or 15',
    // Signal 0 ends nothing (kill(2)).
    fits: (value) => signalNumber(value as NodeJS.Signals) !== 0,
  },
  capabilities: {
    takes: `a list, or an object with ${CAPABILITY_SETS.join(', ')}`,
    fits: (value) => Array.isArray(value) || hasOnly(value, CAPABILITY_SETS),
  },
  noNewPrivileges: BOOLEAN,
  seccomp: { takes: 'a profile, or instructions as a Uint8Array', fits: isObject },
  limits: OBJECT,
  dieWithParent: BOOLEAN,
  newSession: BOOLEAN,
  namespaces: OBJECT,
  userMapping: { takes: '"single", "ranges" or { uids, gids }', fits: isMapping },
  rootfs: ANYTHING,
  preset: ANYTHING,
  presetOptions: OBJECT,
  pipeline: { takes: 'a Pipeline or { module, export }', fits: isPipeline },
  noFallbacks: BOOLEAN,
  force: BOOLEAN,
  replay: BOOLEAN,
  container: ANYTHING,
  logger: ANYTHING,
  observers: { takes: 'a list', fits: Array.isArray },
  provide: { takes: 'a list', fits: Array.isArray },
  services: ANYTHING,
};

function isTerminal(value: unknown): boolean {
  if (typeof value === 'boolean') return true;
  const { columns, rows } = isObject(value) ? value : {};
  return isWhole(columns, 0, MOST_CHARACTERS) && isWhole(rows, 0, MOST_CHARACTERS);
}

function isMapping(value: unknown): boolean {
  if (value === 'single' || value === 'ranges') return true;
  return isObject(value) && ['uids', 'gids'].every((kind) => isList(value[kind], isRange));
}

const isRange = (value: unknown): boolean =>
  isObject(value) && isId(value.inside) && isId(value.outside) && isWhole(value.count, 1, MOST_ID);

function isPipeline(value: unknown): boolean {
  if (value instanceof Pipeline) return true;
  return isObject(value) && isText(value.module) && isText(value.export);
}

/**
 * Holds options against what each takes; what is undefined is not given. A name that is misspelt
 * would else leave out what it was to take away.
 *
 * @param others what else may be among them.
 * @throws TypeError naming the option.
 */
export function checkLaunchOptions(given: unknown, others: readonly string[] = []): void {
  if (!isObject(given))
    throw new TypeError(`the options must be an object, not ${showValue(given)}`);
  for (const [name, value] of Object.entries(given)) {
    if (others.includes(name)) continue;
    if (!Object.hasOwn(CHECKS, name))
      throw new TypeError(
        `there is no option ${JSON.stringify(name)}: there are ${[...Object.keys(CHECKS), ...others].join(', ')}`,
      );
    const { takes, fits } = CHECKS[name as keyof LaunchOptions];
    if (value !== undefined && !fits(value))
      throw new TypeError(`${name} must be ${takes}, not ${showValue(value)}`);
  }
  const { pipeline, preset, presetOptions } = given;
  if (pipeline !== undefined && (preset ?? presetOptions) !== undefined)
    throw new TypeError(
      `${preset === undefined ? 'presetOptions' : 'preset'} does not go with pipeline, which is in its place`,
    );
}

/** Refuses what would be passed over. @throws TypeError */
export function checkJobOptions(job: unknown): void {
  checkLaunchOptions(job);
  const pools = ['namespaces', 'userMapping', 'uid', 'gid'] as const;
  const name = pools.find((option) => (job as LaunchOptions)[option] !== undefined);
  if (name !== undefined)
    throw new TypeError(
      `${name} is what a pool's containers have in common: give it to createPool`,
    );
}

/** Short, and also what JSON has no word for. */
export function showValue(value: unknown): string {
  if (typeof value === 'number' || value === undefined) return String(value);
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // A circle, or a bigint.
  }
  return text === undefined || text.length > 60 ? `this ${typeof value}` : text;
}
