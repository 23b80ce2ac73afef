import type { Pipeline } from '../pipeline/pipeline.js';
import type { Plan, PlanOnOptions, RefusedCall } from '../pipeline/plan.js';
import type { Fd } from '../syscalls/descriptor.js';
import { AT_FDCWD } from '../syscalls/descriptor.js';
import { O_CLOEXEC, O_NOCTTY, O_RDONLY, O_RDWR, TIOCSPTLCK } from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import { MockSyscalls, type MockOptions } from '../syscalls/mock-syscalls.js';
import { NodeHostReader } from '../syscalls/model/host/host-reader.js';
import type { OwnNamespace, SeedCredentials } from '../syscalls/model/boot.js';
import { hostPath } from '../syscalls/paths.js';
import { CLONE_NEWNS } from '../syscalls/process-flags.js';
import type { NamespaceName } from './namespaces.js';
import { handedOver, nameHandedOver } from './pipeline-set-up.js';
import type { IdMaps } from './user-mapping.js';

/** What is planned for; all of it is optional. */
export interface PlanPipelineOptions extends PlanOnOptions {
  /** The machine in place of this one. Made anew for each plan. */
  readonly machine?: (() => MockOptions) | undefined;
  /** Plans what root would do, or who has this user namespace; root unless given. */
  readonly caller?: PlannedCaller | undefined;
  /** Namespaces that the container has of its own; PID, IPC and UTS unless given. */
  readonly own?: readonly NamespaceName[] | undefined;
  /** Whether calls are made outside of the PID namespace, as the runtime does where it can. */
  readonly outsidePidNamespace?: boolean | undefined;
  /** Whether there is a terminal for the container. */
  readonly terminal?: boolean | undefined;
}

/** Who makes the calls. */
export interface PlannedCaller {
  /** On the machine. */
  readonly uid: number;
  readonly gid: number;
  /** Whether in a user namespace of its own; root of the machine where there is none. */
  readonly userNamespace: boolean;
  /** The ids in it; 0 alone, which is the caller's, unless given. The first is who makes the calls. */
  readonly maps?: Pick<IdMaps, 'uids' | 'gids'> | undefined;
}

const KINDS: readonly OwnNamespace[] = ['pid', 'net', 'ipc', 'uts', 'cgroup'];

/**
 * Says what a pipeline would do on this machine, without doing it and without privileges: the very
 * steps run on a modelled kernel. Reads go through to the machine, writes stay in the model.
 *
 * @throws PlanError with everything that is wrong with the order, unless forced; HostUnreadableError
 *   when the mounts of this machine cannot be read.
 */
export function planPipeline(pipeline: Pipeline, options: PlanPipelineOptions = {}): Plan {
  const { caller = { uid: 0, gid: 0, userNamespace: false } } = options;
  return planAs(pipeline, options, caller);
}

/** The calls that an ordinary user would be refused, where root would not. */
export function refusedCalls(
  pipeline: Pipeline,
  options: PlanPipelineOptions,
  user: { readonly uid: number; readonly gid: number },
): RefusedCall[] {
  const { caller } = options;
  const asked = caller?.userNamespace === true ? caller : { ...user, userNamespace: true };
  const plan = planAs(pipeline, options, asked);
  return plan.steps.flatMap(({ step, calls }) =>
    calls
      .filter(({ failed, result }) => failed && (result === 'EPERM' || result === 'EACCES'))
      .map((call) => ({ step, ...call })),
  );
}

function planAs(pipeline: Pipeline, options: PlanPipelineOptions, caller: PlannedCaller): Plan {
  const { own = ['pid', 'ipc', 'uts'], machine = readThisMachine } = options;
  const sys = new MockSyscalls({
    ...machine(),
    credentials: {
      own: KINDS.filter((kind) => own.includes(kind)),
      ...(caller.userNamespace ? insideUserNamespace(caller) : {}),
    },
  });
  if (!caller.userNamespace) sys.unshare(CLONE_NEWNS);
  const outside = options.outsidePidNamespace === true && !caller.userNamespace;
  const context = {
    userNamespace: caller.userNamespace,
    ...(outside && own.includes('pid') ? { pidNamespace: openPidNamespace(sys) } : {}),
    ...(options.terminal === true ? { terminal: openTerminal(sys) } : {}),
    container: {
      pid: Number(sys.readlinkat(AT_FDCWD, hostPath('/proc/self'))),
      run: () => ({ code: 0, signal: null, timedOut: false }),
    },
  };
  nameHandedOver(sys, context);
  const provide = [...handedOver(context), ...(options.provide ?? [])];
  return pipeline.planOn(sys, { ...options, provide });
}

const readThisMachine = (): MockOptions => ({ host: new NodeHostReader() });

function insideUserNamespace({
  uid,
  gid,
  maps,
}: PlannedCaller): Pick<SeedCredentials, 'uid' | 'gid' | 'userNamespace'> {
  const uidMap = maps?.uids ?? [{ inside: 0, outside: uid, count: 1 }];
  const gidMap = maps?.gids ?? [{ inside: 0, outside: gid, count: 1 }];
  return {
    uid: uidMap[0]?.inside ?? 0,
    gid: gidMap[0]?.inside ?? 0,
    userNamespace: { owner: uid, uidMap, gidMap },
  };
}

function openPidNamespace(sys: MockSyscalls): Fd {
  const path = hostPath('/proc/thread-self/ns/pid');
  return sys.openat2(AT_FDCWD, path, { flags: flags(O_RDONLY, O_CLOEXEC) });
}

function openTerminal(sys: MockSyscalls): Fd {
  const how = { flags: flags(O_RDWR, O_NOCTTY, O_CLOEXEC) };
  const master = sys.openat2(AT_FDCWD, hostPath('/dev/ptmx'), how);
  sys.ioctl(master, TIOCSPTLCK, new Uint8Array(4));
  return master;
}
