import { ERRNO, type ErrnoName, type SeccompAction, type SeccompProfile } from 'nsinit';
import type { ConfigValue } from './config-value.js';

const ACTIONS: Readonly<Record<string, SeccompAction | 'errno'>> = {
  SCMP_ACT_ALLOW: 'allow',
  SCMP_ACT_LOG: 'log',
  SCMP_ACT_TRAP: 'trap',
  SCMP_ACT_KILL: 'kill-thread',
  SCMP_ACT_KILL_THREAD: 'kill-thread',
  SCMP_ACT_KILL_PROCESS: 'kill-process',
  SCMP_ACT_ERRNO: 'errno',
};

const OPERATORS: Readonly<Record<string, Comparison['operator']>> = {
  SCMP_CMP_NE: '!=',
  SCMP_CMP_LT: '<',
  SCMP_CMP_LE: '<=',
  SCMP_CMP_EQ: '==',
  SCMP_CMP_GE: '>=',
  SCMP_CMP_GT: '>',
  SCMP_CMP_MASKED_EQ: '==',
};

type Rule = SeccompProfile['rules'][number];
type Comparison = NonNullable<Rule['args']>[number];

const MOST_ERRNO = 4095;
const MOST_ARGUMENT = 5;

/** Reads `linux.seccomp`; what a filter of nsinit cannot express is refused by name. */
export function readSeccomp(seccomp: ConfigValue): SeccompProfile | undefined {
  if (!seccomp.given) return undefined;
  seccomp.warnOfOthers([
    'defaultAction',
    'defaultErrnoRet',
    'architectures',
    'flags',
    'listenerPath',
    'listenerMetadata',
    'syscalls',
  ]);
  if (seccomp.at('listenerPath').given)
    seccomp.at('listenerPath').refuse('calls are not passed on to another program');
  for (const flag of seccomp.at('flags').items()) {
    // A process with one thread has nothing to keep in step.
    if (flag.string() !== 'SECCOMP_FILTER_FLAG_TSYNC') flag.refuse('is not set');
  }
  return {
    defaultAction: readAction(seccomp.at('defaultAction'), seccomp.at('defaultErrnoRet')),
    architectures: seccomp.at('architectures').items().map(readArchitecture),
    // A profile lists calls of newer kernels and of other machines.
    unknownCalls: 'ignore',
    rules: seccomp.at('syscalls').items().map(readRule),
  };
}

function readArchitecture(item: ConfigValue): string {
  const name = item.string();
  if (!/^SCMP_ARCH_\w+$/.test(name) && typeof item.raw === 'string')
    item.problem(`must be an architecture such as SCMP_ARCH_X86_64, not ${JSON.stringify(name)}`);
  return name.replace('SCMP_ARCH_', '').toLowerCase();
}

function readAction(action: ConfigValue, errno: ConfigValue): SeccompAction {
  const name = action.string();
  const known = ACTIONS[name];
  if (known === undefined) {
    if (name === 'SCMP_ACT_TRACE' || name === 'SCMP_ACT_NOTIFY')
      action.refuse(`${name} needs a program that answers, and there is none`);
    else if (action.given) action.problem(`there is no action ${JSON.stringify(name)}`);
    return 'kill-process';
  }
  if (known !== 'errno') return known;
  const number = errno.integer(0, MOST_ERRNO, ERRNO.EPERM);
  const entry = Object.entries(ERRNO).find(([, value]) => value === number);
  if (entry !== undefined) return { errno: entry[0] as ErrnoName };
  errno.problem(`there is no errno ${number}`);
  return { errno: 'EPERM' };
}

function readRule(rule: ConfigValue): Rule {
  rule.warnOfOthers(['names', 'action', 'errnoRet', 'args', 'comment', 'includes', 'excludes']);
  return {
    names: rule.at('names').strings(),
    action: readAction(rule.at('action'), rule.at('errnoRet')),
    args: rule.at('args').items().map(readComparison),
  };
}

function readComparison(comparison: ConfigValue): Comparison {
  comparison.warnOfOthers(['index', 'value', 'valueTwo', 'op']);
  const op = comparison.at('op').oneOf(Object.keys(OPERATORS)) ?? 'SCMP_CMP_EQ';
  const value = readValue(comparison.at('value'));
  const plain = {
    argument: comparison.at('index').integer(0, MOST_ARGUMENT),
    operator: OPERATORS[op] ?? '==',
  };
  // Masked, `value` is the mask and `valueTwo` what is left of the argument (seccomp_rule_add(3)).
  if (op !== 'SCMP_CMP_MASKED_EQ') return { ...plain, value };
  return { ...plain, mask: value, value: readValue(comparison.at('valueTwo'), 0) };
}

/** Whole numbers up to 64 bits; JSON.parse rounds those above 2^53, so they are refused. */
function readValue(value: ConfigValue, otherwise?: number): number {
  return value.integer(0, Number.MAX_SAFE_INTEGER, otherwise);
}
