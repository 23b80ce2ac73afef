import type { Fd } from '../syscalls/descriptor.js';
import { asFd } from '../syscalls/descriptor.js';
import { LinuxSyscalls } from '../syscalls/linux.js';
import { FSCONFIG_SET_FD, FSOPEN_CLOEXEC } from '../syscalls/mount-flags.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { namespaceFlags } from './namespaces.js';
import type { PreparedNamespaces } from './prepared-namespaces.js';
import { RemoteTransport } from './remote-transport.js';
import type { RuntimeHost } from './runtime-host.js';
import { openNamespace } from './start-command.js';
import { STUB_SOCKET } from './stub-layout.js';
import { StubProgram } from './stub-program.js';
import type { ThreadHome } from './thread-home.js';

/** What a set-up is given beside the adapter. */
export interface SetUpContext {
  /** The PID namespace that proc is to show, where the adapter does not act inside it. */
  readonly pidNamespace?: Fd;
  /** The master of the pseudo-terminal that the console is to be, as the adapter numbers it. */
  readonly terminal?: Fd;
}

/** Sets a root up, synchronously, through an adapter that acts in the container's namespaces. */
export type SetUp<T = void> = (syscalls: Syscalls, context: SetUpContext) => T;

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
    own = openNamespace({ syscalls }, process.pid, 'pid');
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

/** The fastest place that can do it. */
export function chooseSetUpPlace(host: RuntimeHost, { namespaces }: PreparedNamespaces): SetUpPlace {
  if (namespaces.user !== 'shared') return 'process';
  return namespaces.pid === 'shared' || canMountProcOfOthers(host.syscalls) ? 'thread' : 'process';
}

/**
 * Runs a set-up in prepared namespaces.
 *
 * @returns what the set-up returned, and the umask that it left for the command if that is known.
 * @throws whatever the set-up throws; the thread is home again then.
 */
export function runSetUp<T>(
  host: RuntimeHost,
  prepared: PreparedNamespaces,
  place: { readonly in: 'process' } | { readonly in: 'thread'; readonly home: ThreadHome },
  setUp: SetUp<T>,
  terminal?: Fd,
): { readonly result: T; readonly umask?: number } {
  if (place.in === 'process') return setUpInProcess(prepared, setUp, terminal);
  const context = terminal === undefined ? {} : { terminal };
  return visitAndSetUp(host, prepared, place.home, (syscalls, { pidNamespace }) =>
    setUp(syscalls, pidNamespace === undefined ? context : { ...context, pidNamespace }),
  );
}

function setUpInProcess<T>(
  { runner: { connection } }: PreparedNamespaces,
  setUp: SetUp<T>,
  terminal: Fd | undefined,
): { readonly result: T } {
  const context: { terminal?: Fd } = {};
  if (terminal !== undefined) {
    // Nothing is open there yet: it arrives as descriptor 0.
    connection.run(new StubProgram().encode('serve', 1), [terminal]);
    context.terminal = asFd(0);
  }
  const result = setUp(new LinuxSyscalls(new RemoteTransport(connection)), context);
  // The command's descriptors are to arrive as 0, 1, 2 ….
  connection.run(new StubProgram().call('close_range', [0, STUB_SOCKET - 2, 0]).encode('serve'));
  return { result };
}

function visitAndSetUp<T>(
  host: RuntimeHost,
  { namespaces, runner, init }: PreparedNamespaces,
  home: ThreadHome,
  setUp: SetUp<T>,
): { readonly result: T; readonly umask: number } {
  const { processes, syscalls } = host;
  const opened = [processes.pidfd_open(runner.pid)];
  try {
    const [pidfd = asFd(0)] = opened;
    const context = namespaces.pid === 'shared' ? {} : { pidNamespace: openNamespace(host, (init ?? runner).pid, 'pid') };
    if (context.pidNamespace !== undefined) opened.push(context.pidNamespace);
    const other = namespaceFlags(namespaces, (choice) => choice !== 'shared');
    return home.visit(pidfd, other, () => setUp(syscalls, context));
  } finally {
    for (const fd of opened) syscalls.close(fd);
  }
}
