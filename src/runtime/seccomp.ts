import { AT_FDCWD } from '../syscalls/descriptor.js';
import { ERRNO, errnoName, type ErrnoName } from '../syscalls/errno.js';
import { O_CLOEXEC, O_RDONLY } from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import { loadSeccomp, type SeccompLibrary } from '../syscalls/libc-seccomp.js';
import { hostPath } from '../syscalls/paths.js';
import { MFD } from '../syscalls/process-calls.js';
import type { RuntimeHost } from './runtime-host.js';

/** What happens to a call: it is made, fails with an errno, is only logged, or ends the process. */
export type SeccompAction =
  'allow' | 'log' | 'trap' | 'kill-thread' | 'kill-process' | { readonly errno: ErrnoName };

const SCMP_CMP_MASKED_EQ = 7;
const COMPARISONS = { '!=': 1, '<': 2, '<=': 3, '==': 4, '>=': 5, '>': 6 } as const;

/** A comparison of one argument of a call. */
export interface SeccompComparison {
  /** From 0. */
  readonly argument: number;
  readonly operator: keyof typeof COMPARISONS;
  /** With `==`: which bits of the argument are compared; all unless given. */
  readonly mask?: number | bigint;
  readonly value: number | bigint;
}

/** What happens to some calls, of whose arguments all comparisons hold. */
export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: SeccompAction;
  readonly args?: readonly SeccompComparison[];
}

/** A filter in words, made into instructions by libseccomp. */
export interface SeccompProfile {
  /** For calls without a rule. */
  readonly defaultAction: SeccompAction;
  readonly rules: readonly SeccompRule[];
  /** Names of calls that libseccomp does not know: an error unless they are to be passed over. */
  readonly unknownCalls?: 'refuse' | 'ignore';
  /**
   * Architectures whose calls the rules are for as well, by libseccomp's names (`x86`, `x32`). A
   * call of one that is not among them ends the process.
   */
  readonly architectures?: readonly string[];
}

/** A profile, or instructions for the kernel (`struct sock_filter`, eight bytes each). */
export type SeccompFilter = SeccompProfile | Uint8Array;

const compiled = new WeakMap<SeccompProfile, Uint8Array>();

/**
 * The instructions of a filter; a profile is translated once.
 *
 * @throws TypeError for a profile that cannot be meant; Error when libseccomp is not installed.
 */
export function seccompInstructions(host: RuntimeHost, filter: SeccompFilter): Uint8Array {
  if (filter instanceof Uint8Array) return filter;
  const known = compiled.get(filter);
  if (known !== undefined) return known;
  const instructions = compile(host, filter);
  compiled.set(filter, instructions);
  return instructions;
}

// A profile comes from a file as a rule.
function checkShape({ rules, architectures = [] }: SeccompProfile): void {
  if (!Array.isArray(rules) || !Array.isArray(architectures))
    throw new TypeError('a seccomp profile has a list of rules, and may have one of architectures');
  rules.forEach((rule: Partial<SeccompRule> | null, index) => {
    const { names, args = [] } = rule ?? {};
    const objects = (list: unknown): boolean =>
      Array.isArray(list) && list.every((item) => typeof item === 'object' && item !== null);
    if (!Array.isArray(names) || !objects(args))
      throw new TypeError(
        `rules[${index}] of a seccomp profile has a list of names, an action, and may have a list of args`,
      );
  });
}

function compile(host: RuntimeHost, profile: SeccompProfile): Uint8Array {
  checkShape(profile);
  const { defaultAction, rules, architectures = [], unknownCalls = 'refuse' } = profile;
  const library = loadSeccomp();
  const context = library.init(actionValue(defaultAction));
  try {
    for (const name of architectures) addArchitecture(library, context, name);
    for (const rule of rules) addRule(library, context, rule, unknownCalls === 'ignore');
    return exported(host, library, context);
  } finally {
    library.release(context);
  }
}

function addArchitecture(library: SeccompLibrary, context: unknown, name: string): void {
  const token = library.architecture(name);
  if (token === 0) throw new TypeError(`libseccomp knows no architecture ${JSON.stringify(name)}`);
  const result = library.addArchitecture(context, token);
  // EEXIST: the machine's own is there from the start. EDOM: one of other endianness never runs.
  if (result < 0 && result !== -ERRNO.EEXIST && result !== -ERRNO.EDOM)
    throw new TypeError(`libseccomp refused the architecture ${name}: ${errnoName(-result)}`);
}

function addRule(
  library: SeccompLibrary,
  context: unknown,
  { names, action, args = [] }: SeccompRule,
  passOverUnknown: boolean,
): void {
  const comparisons = encodeComparisons(args);
  for (const name of names) {
    const call = library.resolve(name);
    if (call === -1 && passOverUnknown) continue;
    if (call === -1) throw new TypeError(`libseccomp knows no system call ${JSON.stringify(name)}`);
    const result = library.addRule(context, actionValue(action), call, args.length, comparisons);
    // EACCES: the action is the default's, so that the rule changes nothing (seccomp_rule_add(3)).
    if (result < 0 && result !== -ERRNO.EACCES) {
      throw new TypeError(`libseccomp refused the rule for ${name}: ${errnoName(-result)}`);
    }
  }
}

/** `struct scmp_arg_cmp`: argument, operator, and two values. */
function encodeComparisons(args: readonly SeccompComparison[]): Uint8Array {
  const SIZE = 24;
  const bytes = new Uint8Array(Math.max(1, args.length) * SIZE);
  const view = new DataView(bytes.buffer);
  args.forEach(({ argument, operator, value, mask }, index) => {
    const plain = COMPARISONS[operator] as number | undefined;
    if (!Number.isInteger(argument) || argument < 0 || argument > 5)
      throw new TypeError(`a call has the arguments 0 to 5, and no ${JSON.stringify(argument)}`);
    if (![value, mask ?? 0].every((number) => /^-?\d+$/.test(String(number))))
      throw new TypeError(`a comparison needs whole numbers as value and mask`);
    if (plain === undefined)
      throw new TypeError(`there is no comparison ${JSON.stringify(operator)}`);
    if (mask !== undefined && operator !== '==')
      throw new TypeError(`a mask goes with the comparison "==", not with "${operator}"`);
    const code = mask === undefined ? plain : SCMP_CMP_MASKED_EQ;
    view.setUint32(index * SIZE, argument, true);
    view.setUint32(index * SIZE + 4, code, true);
    view.setBigUint64(index * SIZE + 8, BigInt(mask ?? value), true);
    if (mask !== undefined) view.setBigUint64(index * SIZE + 16, BigInt(value), true);
  });
  return bytes;
}

/** SECCOMP_RET_ values (linux/seccomp.h). */
const ACTIONS = {
  allow: 0x7fff0000,
  log: 0x7ffc0000,
  trap: 0x00030000,
  'kill-thread': 0,
  'kill-process': 0x80000000,
};
const RET_ERRNO = 0x00050000;

function actionValue(action: SeccompAction): number {
  if (typeof action === 'object' && action !== null) {
    const errno = ERRNO[action.errno] as number | undefined;
    if (errno === undefined)
      throw new TypeError(`there is no errno ${JSON.stringify(action.errno)}`);
    return RET_ERRNO | errno;
  }
  const value = ACTIONS[action] as number | undefined;
  if (value === undefined)
    throw new TypeError(
      `there is no seccomp action ${JSON.stringify(action)}: it is one of ${Object.keys(ACTIONS).join(', ')} or { errno }`,
    );
  return value;
}

function exported(
  { processes, syscalls }: RuntimeHost,
  library: SeccompLibrary,
  context: unknown,
): Uint8Array {
  const fd = processes.memfd_create('seccomp', MFD.CLOEXEC);
  try {
    const result = library.exportFilter(context, fd);
    if (result < 0)
      throw new TypeError(`libseccomp could not write the filter: ${errnoName(-result)}`);
    const MOST = 4096 * 8;
    // The descriptor's position is at the end: read from another opening of the same file.
    const again = syscalls.openat2(AT_FDCWD, hostPath(`/proc/self/fd/${fd}`), {
      flags: flags(O_RDONLY, O_CLOEXEC),
    });
    try {
      return syscalls.read(again, MOST).slice();
    } finally {
      syscalls.close(again);
    }
  } finally {
    processes.close(fd);
  }
}
