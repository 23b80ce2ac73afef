import type { ContainerProcess } from '../steps/keys.js';
import type { Fd } from '../syscalls/descriptor.js';
import { asFd } from '../syscalls/descriptor.js';
import type { IoctlRequest } from '../syscalls/file-flags.js';
import { LinuxSyscalls } from '../syscalls/linux.js';
import { FSCONFIG_SET_FD, FSOPEN_CLOEXEC } from '../syscalls/mount-flags.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { refuseChroot, refuseChrootOfProcess } from './chroot-guard.js';
import { namespaceFlags, type Namespaces } from './namespaces.js';
import { openNamespace, type PreparedNamespaces } from './prepared-namespaces.js';
import { RemoteTransport } from './remote-transport.js';
import { containerProcess } from './run-beside.js';
import type { PreparedSetUp, PrepareSetUpOptions } from './prepare-set-up.js';
import type { RuntimeHost } from './runtime-host.js';
import { STUB_SOCKET } from './stub-layout.js';
import { StubProgram } from './stub-program.js';
import type { ThreadHome } from './thread-home.js';

/** What a set-up is given beside the adapter. */
export interface SetUpContext {
  /** The PID namespace that proc is to show, where the adapter does not act inside it. */
  readonly pidNamespace?: Fd;
  /** The master of the pseudo-terminal that the console is to be, as the adapter numbers it. */
  readonly terminal?: Fd;
  /** Whether the container has a user namespace of its own. */
  readonly userNamespace: boolean;
  /** Which namespaces it has, where the runtime has chosen them. */
  readonly namespaces?: Namespaces;
  readonly container: ContainerProcess;
}

/** Sets a root up, synchronously, through an adapter that acts in the container's namespaces. */
export interface SetUp<T = void> {
  (syscalls: Syscalls, context: SetUpContext): T;
  /** Slow work for it, done on the host before; there is none unless it is there. */
  readonly prepare?: ((options: PrepareSetUpOptions) => Promise<PreparedSetUp<T>>) | undefined;
}

/**
 * Where the calls of a set-up are made: in this thread, which visits the namespaces, or one by one
 * in the waiting process. The thread is faster; only the process can be in a user namespace.
 */
export type SetUpPlace = 'thread' | 'process';

let pidnsKnown: boolean | undefined;

/** Whether proc can be mounted for another PID namespace than the own (`pidns`, Linux 6.17). */
export function canMountProcOfOthers(syscalls: Syscalls): boolean {
  pidnsKnown ??= probePidns(syscalls);
  return pidnsKnown;
}

function probePidns(syscalls: Syscalls): boolean {
  let context: Fd | undefined;
  let own: Fd | undefined;
  try {
    own = openNamespace(syscalls, process.pid, 'pid');
    context = syscalls.fsopen('proc', FSOPEN_CLOEXEC);
    syscalls.fsconfig(context, FSCONFIG_SET_FD, 'pidns', null, own);
    return true;
  } catch (error) {
    if (error instanceof SyscallError) return false;
    throw error;
  } finally {
    for (const fd of [context, own]) if (fd !== undefined) syscalls.close(fd);
  }
}

const NS_GET_USERNS = 0xb701 as IoctlRequest;
const returnable = new Map<string, boolean>();

/**
 * Whether this thread may go back to its own namespaces: root of a user namespace may not enter
 * those that belong to the one around it. ioctl_ns(2) answers EPERM for their owner.
 */
function canReturn(syscalls: Syscalls, namespaces: PreparedNamespaces['namespaces']): boolean {
  return (['mount', 'ipc', 'net', 'cgroup'] as const).every((name) => {
    if (namespaces[name] === 'shared') return true;
    const kind = name === 'mount' ? 'mnt' : name;
    const known = returnable.get(kind) ?? ownsNamespace(syscalls, kind);
    returnable.set(kind, known);
    return known;
  });
}

function ownsNamespace(syscalls: Syscalls, kind: string): boolean {
  const own = openNamespace(syscalls, process.pid, kind);
  try {
    syscalls.close(asFd(syscalls.ioctl(own, NS_GET_USERNS, 0)));
    return true;
  } catch (error) {
    if (error instanceof SyscallError) return false;
    throw error;
  } finally {
    syscalls.close(own);
  }
}

/** The fastest place that can do it. */
export function chooseSetUpPlace(
  host: RuntimeHost,
  { namespaces }: PreparedNamespaces,
): SetUpPlace {
  if (namespaces.user !== 'shared' || !canReturn(host.syscalls, namespaces)) return 'process';
  return namespaces.pid === 'shared' || canMountProcOfOthers(host.syscalls) ? 'thread' : 'process';
}

/** Where exactly, with what that takes. */
export type SetUpSite =
  { readonly in: 'process' } | { readonly in: 'thread'; readonly home: ThreadHome };

/** A set-up that was run: what it returned, and the file mode creation mask it left. */
export interface SetUpOutcome<T> {
  readonly result: T;
  readonly umask: number;
}

/**
 * Runs a set-up in prepared namespaces.
 *
 * @throws whatever the set-up throws; the thread is home again then.
 */
export function runSetUp<T>(
  host: RuntimeHost,
  prepared: PreparedNamespaces,
  site: SetUpSite,
  setUp: SetUp<T>,
  terminal?: Fd,
): SetUpOutcome<T> {
  if (site.in === 'process') return setUpInProcess(host, prepared, setUp, terminal);
  const { namespaces, pidfd, pidNamespace } = prepared;
  const others = namespaceFlags(namespaces, (choice) => choice !== 'shared');
  const context = {
    userNamespace: namespaces.user !== 'shared',
    namespaces,
    container: containerProcess(host, prepared, (action) => site.home.leave(pidfd, others, action)),
    ...(terminal === undefined ? {} : { terminal }),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
  };
  return site.home.visit(pidfd, others, () => {
    if (namespaces.mount === 'new') refuseChroot(host.syscalls, site.home.rootIdentity);
    return setUp(host.syscalls, context);
  });
}

function setUpInProcess<T>(
  host: RuntimeHost,
  prepared: PreparedNamespaces,
  setUp: SetUp<T>,
  terminal: Fd | undefined,
): SetUpOutcome<T> {
  const { connection } = prepared.runner;
  const context: { -readonly [K in keyof SetUpContext]: SetUpContext[K] } = {
    userNamespace: prepared.namespaces.user !== 'shared',
    namespaces: prepared.namespaces,
    container: containerProcess(host, prepared, (action) => action()),
  };
  if (terminal !== undefined) {
    // Nothing is open there yet: it arrives as descriptor 0.
    connection.run(new StubProgram().encode('serve', 1), [terminal]);
    context.terminal = asFd(0);
  }
  const syscalls = new LinuxSyscalls(new RemoteTransport(connection));
  // No user namespace can be made in a chroot.
  const { mount, user } = prepared.namespaces;
  if (mount === 'new' && user === 'shared') refuseChrootOfProcess(syscalls);
  const result = setUp(syscalls, context);
  // The command's descriptors are to arrive as 0, 1, 2 ….
  const clean = new StubProgram().call('umask', [0]).call('close_range', [0, STUB_SOCKET - 2, 0]);
  const [umask = 0] = connection.run(clean.encode('serve'));
  return { result, umask };
}
