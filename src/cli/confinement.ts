import { readFileSync } from 'node:fs';
import { CAPABILITY_NAMES, type Capability, type CapabilitySets } from '../runtime/capabilities.js';
import { heldCapabilities } from '../runtime/privileges.js';
import type { ProcessSpec } from '../runtime/process-spec.js';
import { encodeResourceLimits, type ResourceLimits } from '../runtime/resource-limits.js';
import type { RuntimeHost } from '../runtime/runtime-host.js';
import { seccompInstructions, type SeccompFilter } from '../runtime/seccomp.js';
import type { ConfinementFlags } from './confinement-flags.js';
import { UsageError } from './usage-error.js';

/** What is taken from a command. */
export type Confinement = Pick<
  ProcessSpec,
  'capabilities' | 'noNewPrivileges' | 'limits' | 'seccomp'
>;

/** Who the command is. */
export interface Confined {
  readonly uid: number;
  /** Whether it has every capability at first, in a user namespace other than the caller's. */
  readonly userNamespace: boolean;
}

/** What the command may do and use. @throws UsageError; Error where libseccomp is needed and absent. */
export function confinementOf(
  given: ConfinementFlags,
  confined: Confined,
  host: RuntimeHost,
): Confinement {
  const capabilities = capabilitiesOf(given, confined);
  return {
    limits: limitsOf(given.rlimit),
    ...(capabilities === undefined ? {} : { capabilities }),
    ...(given.newPrivileges ? {} : { noNewPrivileges: true }),
    ...(given.seccomp === undefined ? {} : { seccomp: readSeccomp(given.seccomp, host) }),
  };
}

const ALL: readonly Capability[] = CAPABILITY_NAMES.map((name): Capability => `CAP_${name}`);

/**
 * What is left after `--cap-drop`, and `--cap-add`, whichever comes first on the command line. A
 * user other than root has none to begin with, and gets those that are added.
 */
export function capabilitiesOf(
  { capDrop, capAdd }: Pick<ConfinementFlags, 'capDrop' | 'capAdd'>,
  { uid, userNamespace }: Confined,
): CapabilitySets | undefined {
  if (capDrop.length === 0 && capAdd.length === 0) return undefined;
  const held = userNamespace ? ALL : heldCapabilities();
  const dropped = namesOf('--cap-drop', capDrop, held);
  const added = namesOf('--cap-add', capAdd, held);
  const bounding = ALL.filter(
    (name) => added.includes(name) || (held.includes(name) && !dropped.includes(name)),
  );
  return uid === 0
    ? { bounding, effective: bounding }
    : { bounding, effective: added, ambient: added };
}

function namesOf(
  option: string,
  given: readonly string[],
  all: readonly Capability[],
): readonly Capability[] {
  return given
    .flatMap((names) => names.split(','))
    .flatMap((name) => {
      const whole = name.toUpperCase();
      if (whole === 'ALL') return all;
      const known = ALL.find((capability) => whole === capability || `CAP_${whole}` === capability);
      if (known === undefined)
        throw new UsageError(
          `${option} takes capabilities such as CAP_CHOWN, or ALL, not ${JSON.stringify(name)}`,
        );
      return known;
    });
}

/** `NAME=SOFT[:HARD]`, each. @throws UsageError */
export function limitsOf(given: readonly string[]): ResourceLimits {
  const limits = Object.fromEntries(given.map(parseLimit)) as ResourceLimits;
  try {
    encodeResourceLimits(limits);
  } catch (error) {
    throw new UsageError(`--rlimit: ${(error as Error).message}`);
  }
  return limits;
}

function parseLimit(given: string): [name: string, limit: object] {
  const match = /^([a-z_]+)=(\d+|unlimited)(?::(\d+|unlimited))?$/i.exec(given);
  if (match === null)
    throw new UsageError(
      `--rlimit takes NAME=SOFT[:HARD] with numbers or "unlimited", not ${JSON.stringify(given)}`,
    );
  const [, name = '', soft = '', hard = soft] = match;
  const value = (text: string): number | string =>
    text.toLowerCase() === 'unlimited' ? 'unlimited' : Number(text);
  const known = name.toLowerCase().replace(/^rlimit_?/, '');
  return [known, { soft: value(soft), hard: value(hard) }];
}

// struct sock_filter
const INSTRUCTION_SIZE = 8;

/** A profile in JSON, or instructions as `seccomp_export_bpf(3)` writes them. @throws UsageError */
export function readSeccomp(file: string, host: RuntimeHost): Uint8Array {
  const bytes = readSeccompFile(file);
  const filter = bytes[0] === '{'.charCodeAt(0) ? parseProfile(bytes.toString()) : bytes;
  if (filter === bytes && (bytes.length === 0 || bytes.length % INSTRUCTION_SIZE !== 0))
    throw new UsageError(
      `--seccomp: ${file} is neither a profile in JSON nor a list of instructions of ${INSTRUCTION_SIZE} bytes`,
    );
  try {
    return seccompInstructions(host, filter);
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(`--seccomp: ${error.message}`) : error;
  }
}

function readSeccompFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`--seccomp: ${(error as Error).message}`);
  }
}

function parseProfile(text: string): SeccompFilter {
  let profile: Record<string, unknown>;
  try {
    profile = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new UsageError(`--seccomp: ${(error as Error).message}`);
  }
  if (!('defaultAction' in profile) || !Array.isArray(profile.rules))
    throw new UsageError(
      'syscalls' in profile
        ? '--seccomp: this profile is an OCI one: it goes into the config.json of a --bundle'
        : '--seccomp: a profile has a defaultAction and a list of rules',
    );
  return profile as unknown as SeccompFilter;
}
