import { basename, resolve } from 'node:path';
import { NsinitError, MOUNT_PROPAGATION, type LaunchOptions, type Pipeline } from 'nsinit';
import { ConfigReport, ConfigValue } from './config-value.js';
import { reportNotCarriedOut } from './not-carried-out.js';
import { createOciPipeline } from './oci-pipeline.js';
import type { OciHooks, OciIdentity, OciMount, OciPlan } from './oci-plan.js';
import { readDevices } from './read-devices.js';
import { readHooks } from './read-hooks.js';
import { readMounts } from './read-mounts.js';
import { readNamespaces, userMappingOf, type ReadNamespaces } from './read-namespaces.js';
import { readProcess, type ReadProcess } from './read-process.js';
import { readSeccomp } from './read-seccomp.js';
import { readSysctl } from './read-sysctl.js';

/** How a configuration is taken. */
export interface OciOptions {
  /** The container's id, which hooks are told; the bundle's name unless given. */
  readonly id?: string | undefined;
  /** Runs instead of `process.args`. */
  readonly command?: readonly string[] | undefined;
  /** JSON paths, such as `$.linux.mountLabel`, of fields that may be left undone with a warning. */
  readonly accept?: readonly string[] | undefined;
}

/** A configuration as nsinit carries it out. */
export interface OciContainer {
  /** For `launch`: who and what runs, in which namespaces, with the pipeline by its module. */
  readonly launch: LaunchOptions;
  /** The same pipeline, to be planned, changed, or run by oneself; made anew for each who asks. */
  readonly pipeline: Pipeline;
  /** What the pipeline is made of; plain data. */
  readonly plan: OciPlan;
  readonly identity: OciIdentity;
  readonly hooks: OciHooks;
  /** What is not carried out although the configuration asks for it, each with its JSON path. */
  readonly warnings: readonly string[];
}

/** A configuration with mistakes, or with something in it that is refused. */
export class OciConfigError extends NsinitError {
  override readonly name = 'OciConfigError';

  constructor(
    /** All of them, each with its JSON path. */
    readonly problems: readonly string[],
  ) {
    super('NSINIT_OPTION', `config.json: ${problems.join('\nconfig.json: ')}`);
  }
}

const CONFIG_FIELDS = [
  'ociVersion',
  'root',
  'mounts',
  'process',
  'hostname',
  'domainname',
  'hooks',
  'annotations',
  'linux',
  'windows',
  'solaris',
  'vm',
  'zos',
  'freebsd',
];

const LINUX_FIELDS = [
  'namespaces',
  'uidMappings',
  'gidMappings',
  'timeOffsets',
  'devices',
  'netDevices',
  'cgroupsPath',
  'resources',
  'intelRdt',
  'memoryPolicy',
  'sysctl',
  'seccomp',
  'rootfsPropagation',
  'maskedPaths',
  'readonlyPaths',
  'mountLabel',
  'personality',
];

/**
 * Makes launch options and a pipeline of an OCI configuration (versions 1.0 to 1.3).
 *
 * @param bundle the directory that config.json is in: relative paths start there.
 * @throws OciConfigError with everything that is wrong or refused, at once.
 */
export function fromOciConfig(
  config: unknown,
  bundle: string,
  { id, command, accept }: OciOptions = {},
): OciContainer {
  const report = new ConfigReport(accept);
  const value = new ConfigValue(config, '$', report);
  if (!value.isObject) throw new OciConfigError(['$: must be an object']);
  const directory = resolve(bundle);
  const read = readAll(value, directory, command);
  reportNotCarriedOut(value);
  const identity = readIdentity(value, directory, id);
  const { problems, warnings } = report;
  if (problems.length > 0) throw new OciConfigError(problems);
  return containerOf({ ...read.plan, identity }, { launch: read.launch, warnings });
}

/** Puts a container together from its plan and the rest. */
function containerOf(
  plan: OciPlan,
  { launch, warnings }: Pick<OciContainer, 'launch' | 'warnings'>,
): OciContainer {
  const module = new URL('./index.js', import.meta.url).href;
  return {
    launch: { ...launch, pipeline: { module, export: 'createOciPipeline', args: plan } },
    get pipeline() {
      return createOciPipeline(plan);
    },
    plan,
    identity: plan.identity,
    hooks: plan.hooks,
    warnings,
  };
}

interface ReadConfig {
  readonly plan: Omit<OciPlan, 'identity'>;
  readonly launch: LaunchOptions;
}

function readAll(
  config: ConfigValue,
  bundle: string,
  command: readonly string[] | undefined,
): ReadConfig {
  config.warnOfOthers(CONFIG_FIELDS);
  const linux = config.at('linux');
  if (!linux.given) linux.problem('is missing: the configuration is not for Linux');
  linux.warnOfOthers(LINUX_FIELDS);
  const namespaces = readNamespaces(linux);
  const process = readProcess(config.at('process'), command);
  const mounts = readMounts(config.at('mounts'), bundle, namespaces.maps);
  return {
    plan: readPlan(config, { mounts, process, namespaces }),
    launch: {
      ...process.launch,
      ...readRoot(config.at('root'), bundle),
      namespaces: namespaces.chosen,
      ...readUserMapping(namespaces, process),
      ...readNames(config, namespaces),
      seccomp: readSeccomp(linux.at('seccomp')),
    },
  };
}

function readPlan(
  config: ConfigValue,
  {
    mounts,
    process,
    namespaces,
  }: {
    readonly mounts: readonly OciMount[];
    readonly process: ReadProcess;
    readonly namespaces: ReadNamespaces;
  },
): Omit<OciPlan, 'identity'> {
  const linux = config.at('linux');
  const ownDev = !mounts.some(({ target, plan }) => target === '/dev' && plan.bind !== undefined);
  const propagation = linux.at('rootfsPropagation');
  const mode =
    propagation.given && propagation.raw !== '' ? propagation.oneOf(MOUNT_PROPAGATION) : undefined;
  const paths = (name: string): readonly string[] =>
    linux
      .at(name)
      .items()
      .map((item) => item.absolutePath('in the container'));
  return {
    ...(mode === undefined ? {} : { propagation: mode }),
    mounts,
    ownDev,
    devices: readDevices(linux.at('devices'), ownDev),
    cwd: process.cwd,
    readonlyRoot: config.at('root').at('readonly').boolean(false),
    maskedPaths: paths('maskedPaths'),
    readonlyPaths: paths('readonlyPaths'),
    sysctl: readSysctl(linux.at('sysctl'), namespaces.chosen),
    umask: process.umask,
    ...(process.oomScoreAdj === undefined ? {} : { oomScoreAdj: process.oomScoreAdj }),
    hooks: readHooks(config.at('hooks')),
  };
}

function readRoot(root: ConfigValue, bundle: string): Pick<LaunchOptions, 'rootfs'> {
  root.warnOfOthers(['path', 'readonly']);
  const path = root.at('path').string();
  if (root.at('path').raw === '') root.at('path').problem('is empty');
  return { rootfs: resolve(bundle, path) };
}

function readUserMapping(
  { maps, chosen }: ReadNamespaces,
  { launch: { uid = 0, gid = 0 } }: ReadProcess,
): Pick<LaunchOptions, 'userMapping'> {
  if (chosen.user !== 'new' || maps === undefined) return {};
  const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  return { userMapping: userMappingOf(maps, { uid, gid }, own) };
}

function readNames(
  config: ConfigValue,
  { chosen }: ReadNamespaces,
): Pick<LaunchOptions, 'hostname' | 'domainname'> {
  const read = (field: 'hostname' | 'domainname'): string | undefined => {
    const name = config.at(field);
    if (!name.given || name.raw === '') return undefined;
    if (chosen.uts === 'shared')
      name.problem('needs a uts namespace: it would be the whole machine’s');
    return name.string();
  };
  return { hostname: read('hostname'), domainname: read('domainname') };
}

function readIdentity(config: ConfigValue, bundle: string, id: string | undefined): OciIdentity {
  const version = config.at('ociVersion');
  const given = version.string();
  const parts = /^(\d+)\.(\d+)\.(\d+)(-.*)?$/.exec(given);
  if (parts === null && version.given)
    version.problem(`must be a version such as 1.2.0, not ${JSON.stringify(given)}`);
  else if (parts !== null && parts[1] !== '1')
    version.problem(`is ${given}: versions 1.x are known`);
  else if (parts !== null && Number(parts[2]) > 3)
    version.warn(
      `is ${given}: versions up to 1.3 are known, and what is new after it is passed over`,
    );
  const annotations = config
    .at('annotations')
    .fields()
    .map(([name, text]): [string, string] => [name, text.string()]);
  return {
    ociVersion: given,
    id: id ?? (basename(bundle) || 'root'),
    bundle,
    annotations: Object.fromEntries(annotations),
  };
}
