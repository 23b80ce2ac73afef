import { release } from 'node:os';
import { readFileSync } from 'node:fs';
import { createPreset } from '../steps/presets.js';
import { withFd } from '../steps/attach-mount.js';
import { AT_FDCWD } from '../syscalls/descriptor.js';
import { AT_EMPTY_PATH, O_CLOEXEC, O_RDWR, O_DIRECTORY, O_PATH } from '../syscalls/file-flags.js';
import { CGROUP2_SUPER_MAGIC } from '../syscalls/file-system-magic.js';
import { flags } from '../syscalls/flags.js';
import { loadSeccomp } from '../syscalls/libc-seccomp.js';
import { MOUNT_ATTR_IDMAP, OPEN_TREE_CLOEXEC, OPEN_TREE_CLONE } from '../syscalls/mount-flags.js';
import { hostPath } from '../syscalls/paths.js';
import { withRefusalHint } from '../syscalls/refusal-hints.js';
import { asFd } from '../syscalls/descriptor.js';
import { CommandError } from './command-error.js';
import { ADVICE, type CapabilityName } from './doctor-advice.js';
import { CONTAINER_PROBES } from './doctor-probes.js';
import { NAMESPACE_NAMES, type NamespaceName, type Namespaces } from './namespaces.js';
import { openUserNamespace } from './open-user-namespace.js';
import { pipelineSetUp } from './pipeline-set-up.js';
import { prepareNamespaces } from './prepared-namespaces.js';
import { isPrivileged } from './privileges.js';
import { DEFAULT_PATH, type ProcessSpec } from './process-spec.js';
import { openRuntimeHost, type RuntimeHost } from './runtime-host.js';
import { canMountProcOfOthers, type SetUp } from './set-up.js';
import { closePrepared } from './start-command.js';
import {
  ContainerThread,
  planNamespaces,
  startContainer,
  type NamespacePlan,
} from './start-container.js';

/** What was found of one capability. */
export interface Finding {
  readonly name: CapabilityName;
  readonly works: boolean;
  readonly purpose: string;
  /** What was refused, in a line; only where it does not work, as are the others. */
  readonly error?: string;
  readonly without?: string;
  readonly change?: string;
}

/** What works for this user on this machine. */
export interface Diagnosis {
  /** Counted up when a field changes its meaning or goes away. */
  readonly schemaVersion: 1;
  /** Whether `nsinit run` works. */
  readonly works: boolean;
  readonly kernel: string;
  readonly uid: number;
  readonly privileged: boolean;
  readonly capabilities: readonly Finding[];
}

type Probe = () => void;

/** Tries everything out, in namespaces that end with it. Changes nothing on the machine. */
export async function diagnose(): Promise<Diagnosis> {
  const outcomes = new Map<CapabilityName, unknown>();
  const attempt = (name: CapabilityName, probe: Probe): void => {
    try {
      probe();
      outcomes.set(name, undefined);
    } catch (error) {
      outcomes.set(name, withRefusalHint(error) ?? new Error('refused'));
    }
  };
  let host: RuntimeHost | undefined;
  let privileged = false;
  attempt('koffi', () => {
    host = openRuntimeHost();
    privileged = isPrivileged();
  });
  if (host !== undefined) {
    probeAll(host, attempt);
    const running = await runSomething(host).then(
      () => undefined,
      (error: unknown) => error ?? new Error('refused'),
    );
    outcomes.set('run', running);
  }
  const unknown = outcomes.get('koffi');
  const capabilities = (Object.keys(ADVICE) as CapabilityName[]).map((name) =>
    finding(name, outcomes.has(name) ? outcomes.get(name) : unknown),
  );
  return {
    schemaVersion: 1,
    works: capabilities.some(({ name, works }) => name === 'run' && works),
    kernel: release(),
    uid: process.geteuid?.() ?? 0,
    privileged,
    capabilities,
  };
}

function finding(name: CapabilityName, error: unknown): Finding {
  const { purpose, without, change } = ADVICE[name];
  if (error === undefined) return { name, works: true, purpose };
  const message = error instanceof Error ? error.message : String(error);
  return { name, works: false, purpose, error: message.split('\n', 1)[0] ?? '', without, change };
}

type Attempt = (name: CapabilityName, probe: Probe) => void;

function probeAll(host: RuntimeHost, attempt: Attempt): void {
  const alone = (name: NamespaceName): Namespaces =>
    Object.fromEntries(
      NAMESPACE_NAMES.map((each) => [each, each === name ? 'new' : 'shared']),
    ) as Namespaces;
  attempt('user-namespace', () => makeNamespaces(host, planNamespaces({ ...alone('user') })));
  attempt('id-ranges', () =>
    makeNamespaces(host, planNamespaces({ ...alone('user') }, { mapping: 'ranges' })),
  );
  for (const name of ['mount', 'pid', 'uts', 'ipc', 'net', 'cgroup'] as const)
    attempt(`${name}-namespace`, () => {
      // Without privileges a user namespace has to come with it.
      const { user: _, ...others } = alone(name);
      makeNamespaces(host, planNamespaces(others));
    });
  probeInContainer(host, attempt);
  attempt('proc-pidns', () => {
    if (!canMountProcOfOthers(host.syscalls)) throw new Error('proc takes no pidns');
  });
  attempt('idmapped-mounts', () => mapIds(host));
  attempt('seccomp', () => void loadSeccomp());
  attempt('loop-devices', () => {
    const how = { flags: flags(O_RDWR, O_CLOEXEC) };
    host.syscalls.close(host.syscalls.openat2(AT_FDCWD, hostPath('/dev/loop-control'), how));
  });
  attempt('mount-max', checkRoom);
  attempt('cgroup2', () => checkCgroup(host));
}

function makeNamespaces(host: RuntimeHost, { namespaces, maps }: NamespacePlan): void {
  const prepared = prepareNamespaces(host, namespaces, maps);
  closePrepared(host, prepared);
  // Each ends when its socket closes, PID 1 last.
  for (const stub of [prepared.runner, prepared.init])
    if (stub !== undefined) host.processes.waitid(stub.pid);
}

/** All that is tried inside: one container for each, so that none spoils another. */
function probeInContainer(host: RuntimeHost, attempt: Attempt): void {
  for (const [name, probe] of Object.entries(CONTAINER_PROBES))
    attempt(name as CapabilityName, () => {
      inContainer(host, (sys, { userNamespace }) => probe(sys, userNamespace));
    });
}

class Done extends Error {}

/** Runs a set-up in a container whose command never starts. */
function inContainer(host: RuntimeHost, setUp: SetUp): void {
  const whole: SetUp = (sys, context) => {
    setUp(sys, context);
    throw new Done();
  };
  try {
    const thread = new ContainerThread(host, false);
    startContainer({ plan: planNamespaces({}), setUp: whole, process: someProcess() }, thread);
  } catch (error) {
    if (!(error instanceof Done)) throw error;
  }
}

function someProcess(): ProcessSpec {
  return {
    command: 'true',
    args: [],
    env: { PATH: DEFAULT_PATH },
    cwd: '/',
    stdio: [asFd(0), asFd(1), asFd(2)],
    terminal: false,
    newSession: false,
    noNewPrivileges: false,
    limits: {},
    dieWithParent: true,
  };
}

/** What `nsinit run -- true` does. */
async function runSomething(host: RuntimeHost): Promise<void> {
  const setUp = pipelineSetUp(createPreset('standard', { throwaway: true }), {});
  try {
    const thread = new ContainerThread(host);
    const started = startContainer(
      { plan: planNamespaces({}), setUp, process: someProcess() },
      thread,
    );
    await started.process.gone;
  } catch (error) {
    // A machine without true(1): the container was there.
    if (!(error instanceof CommandError)) throw error;
  }
}

function mapIds({ syscalls }: RuntimeHost): void {
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  const namespace = openUserNamespace({
    uids: [{ inside: 0, outside: uid, count: 1 }],
    gids: [{ inside: 0, outside: gid, count: 1 }],
  });
  try {
    const how = { flags: flags(O_CLOEXEC) };
    withFd(syscalls, syscalls.openat2(AT_FDCWD, namespace.path, how), (userns) => {
      const clone = flags(OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC);
      withFd(syscalls, syscalls.open_tree(AT_FDCWD, hostPath('/'), clone), (tree) =>
        syscalls.mount_setattr(tree, '', AT_EMPTY_PATH, {
          attr_set: MOUNT_ATTR_IDMAP,
          userns_fd: userns,
        }),
      );
    });
  } finally {
    namespace.close();
  }
}

const ROOM = 100;

function checkRoom(): void {
  const most = Number(readFileSync('/proc/sys/fs/mount-max', 'latin1'));
  const there = readFileSync('/proc/self/mountinfo', 'latin1').split('\n').length - 1;
  if (most - there < ROOM) throw new Error(`${there} of ${most} mounts are there`);
}

function checkCgroup({ syscalls }: RuntimeHost): void {
  const how = { flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC) };
  withFd(syscalls, syscalls.openat2(AT_FDCWD, hostPath('/sys/fs/cgroup'), how), (fd) => {
    if (syscalls.fstatfs(fd).type !== CGROUP2_SUPER_MAGIC)
      throw new Error('/sys/fs/cgroup is not cgroup2: version 1, or both versions mixed');
  });
}
