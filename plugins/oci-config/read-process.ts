import { MOST_ID } from 'nsinit';
import type { Capability, CapabilitySets, LaunchOptions, ResourceLimits } from 'nsinit';
import type { ConfigValue } from './config-value.js';

const DEFAULT_UMASK = 0o022;
const SETS = ['bounding', 'effective', 'permitted', 'inheritable', 'ambient'] as const;

/** What of a launch `process` decides. */
export type ProcessOptions = Pick<
  LaunchOptions,
  | 'command'
  | 'args'
  | 'env'
  | 'cwd'
  | 'uid'
  | 'gid'
  | 'groups'
  | 'terminal'
  | 'capabilities'
  | 'limits'
  | 'noNewPrivileges'
>;

/** What is written about the process elsewhere than in a launch's options. */
export interface ReadProcess {
  readonly launch: ProcessOptions;
  readonly cwd: string;
  readonly umask: number;
  readonly oomScoreAdj?: number;
}

/** Reads `process`. @param command what runs instead of `args`, where it is given. */
export function readProcess(process: ConfigValue, command?: readonly string[]): ReadProcess {
  if (!process.given) process.problem('is missing: it says what runs');
  process.warnOfOthers(KNOWN);
  const cwd = process.at('cwd').absolutePath('in the container');
  const user = process.at('user');
  user.warnOfOthers(['uid', 'gid', 'umask', 'additionalGids']);
  const oom = process.at('oomScoreAdj');
  return {
    launch: {
      ...readCommand(process, command),
      cwd,
      uid: user.at('uid').integer(0, MOST_ID, 0),
      gid: user.at('gid').integer(0, MOST_ID, 0),
      groups: user
        .at('additionalGids')
        .items()
        .map((group) => group.integer(0, MOST_ID)),
      ...readTerminal(process),
      ...readCapabilities(process.at('capabilities')),
      limits: readLimits(process.at('rlimits')),
      // Said even when it is left out: a filter alone would imply it.
      noNewPrivileges: process.at('noNewPrivileges').boolean(false),
    },
    cwd,
    umask: user.at('umask').integer(0, 0o777, DEFAULT_UMASK),
    ...(oom.given ? { oomScoreAdj: oom.integer(-1000, 1000) } : {}),
  };
}

const KNOWN = [
  'terminal',
  'consoleSize',
  'cwd',
  'env',
  'args',
  'commandLine',
  'user',
  'capabilities',
  'rlimits',
  'noNewPrivileges',
  'oomScoreAdj',
  'apparmorProfile',
  'selinuxLabel',
  'scheduler',
  'ioPriority',
  'execCPUAffinity',
];

function readCommand(
  process: ConfigValue,
  given: readonly string[] | undefined,
): Pick<ProcessOptions, 'command' | 'args' | 'env'> {
  const listed = process.at('args').strings();
  const [command = '', ...args] = given ?? listed;
  if (given === undefined && command === '')
    process.at('args').problem('is empty: it says which program runs');
  return { command, args, env: readEnvironment(process.at('env')) };
}

function readEnvironment(env: ConfigValue): Record<string, string> {
  return Object.fromEntries(
    env.items().flatMap((item): [string, string][] => {
      const assignment = item.string();
      const equals = assignment.indexOf('=');
      if (equals > 0) return [[assignment.slice(0, equals), assignment.slice(equals + 1)]];
      item.problem(`must be NAME=VALUE, not ${JSON.stringify(assignment)}`);
      return [];
    }),
  );
}

function readTerminal(process: ConfigValue): Pick<ProcessOptions, 'terminal'> {
  const size = process.at('consoleSize');
  if (!process.at('terminal').boolean(false)) {
    if (size.given) size.warn('has no effect without process.terminal');
    return {};
  }
  if (!size.given) return { terminal: true };
  const most = 0xffff;
  return {
    terminal: {
      columns: size.at('width').integer(0, most),
      rows: size.at('height').integer(0, most),
    },
  };
}

/** Without the field the command keeps what nsinit has, as with every other runtime. */
function readCapabilities(capabilities: ConfigValue): Pick<ProcessOptions, 'capabilities'> {
  if (!capabilities.given) return {};
  capabilities.warnOfOthers(SETS);
  const read = (set: (typeof SETS)[number]): readonly Capability[] =>
    capabilities.at(set).items().map(readCapability);
  const sets: Required<CapabilitySets> = {
    bounding: read('bounding'),
    effective: read('effective'),
    permitted: read('permitted'),
    inheritable: read('inheritable'),
    ambient: read('ambient'),
  };
  const raisable = (name: Capability): boolean =>
    sets.permitted.includes(name) && sets.inheritable.includes(name);
  const lost = sets.ambient.filter((name) => !raisable(name));
  if (lost.length > 0) {
    capabilities
      .at('ambient')
      .warn(
        `${lost.join(', ')} cannot be ambient without being permitted and inheritable (capabilities(7)): left out`,
      );
  }
  return { capabilities: { ...sets, ambient: sets.ambient.filter(raisable) } };
}

function readCapability(item: ConfigValue): Capability {
  const name = item.string();
  if (!/^CAP_[A-Z_]+$/.test(name) && typeof item.raw === 'string')
    item.problem(`must be a capability such as CAP_CHOWN, not ${JSON.stringify(name)}`);
  return name as Capability;
}

// getrlimit(2), as the option of a launch names them.
const LIMITS = [
  'as',
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
] as const satisfies readonly (keyof ResourceLimits)[];

function readLimits(limits: ConfigValue): ResourceLimits {
  const read: Record<string, unknown> = {};
  for (const limit of limits.items()) {
    limit.warnOfOthers(['type', 'soft', 'hard']);
    const type = limit.at('type').string();
    const name = LIMITS.find((known) => `RLIMIT_${known.toUpperCase()}` === type);
    if (name === undefined) {
      if (limit.at('type').given)
        limit.at('type').problem(`there is no resource limit ${JSON.stringify(type)}`);
      continue;
    }
    if (name in read) limit.at('type').problem(`${type} is there twice`);
    const [soft, hard] = [readLimit(limit.at('soft')), readLimit(limit.at('hard'))];
    if (isLarger(soft, hard)) limit.at('soft').problem('is larger than the hard limit');
    read[name] = { soft, hard };
  }
  return read;
}

const isLarger = (soft: number | 'unlimited', hard: number | 'unlimited'): boolean =>
  hard !== 'unlimited' && (soft === 'unlimited' || soft > hard);

/** RLIM_INFINITY is 2^64-1, which JSON.parse rounds; -1 is how some engines write it. */
function readLimit(value: ConfigValue): number | 'unlimited' {
  if (value.raw === -1 || (typeof value.raw === 'number' && value.raw >= 2 ** 63))
    return 'unlimited';
  return value.integer(0, Number.MAX_SAFE_INTEGER);
}
