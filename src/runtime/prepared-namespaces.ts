import type { Fd } from '../syscalls/descriptor.js';
import { O_CLOEXEC, O_RDONLY } from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import { hostPath } from '../syscalls/paths.js';
import { AT_FDCWD } from '../syscalls/descriptor.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import type { RuntimeHost } from './runtime-host.js';
import { explainNamespaceError } from './namespace-hints.js';
import { namespaceFlags, NAMESPACE_FLAGS, NAMESPACE_NAMES, type Namespaces } from './namespaces.js';
import { StubConnection } from './stub-connection.js';
import { INIT_SOCKET, STUB_SOCKET } from './stub-layout.js';
import { StubProgram } from './stub-program.js';
import { writeIdMaps, type IdMaps } from './user-mapping.js';
import { CLONE_NEWUSER } from '../syscalls/process-flags.js';

const CLONE_PARENT = 0x8000;
const SIGCHLD = 17;

/** A process of the stub that waits for what it is to do. */
export interface WaitingStub {
  /** As this process sees it. */
  readonly pid: number;
  readonly connection: StubConnection;
}

/** Namespaces with a process in them that waits to become the command. */
export interface PreparedNamespaces {
  readonly namespaces: Namespaces;
  /** The future command; a child of this process. */
  readonly runner: WaitingStub;
  /** PID 1 of a new PID namespace; a child of this process too. */
  readonly init?: WaitingStub;
  /** The runner, to be watched, signalled, and visited in its namespaces. */
  readonly pidfd: Fd;
  readonly mountNamespace: Fd;
  /** What proc is to show, where that is not the caller's own. */
  readonly pidNamespace?: Fd;
  /** The ids mapped into a new user namespace. */
  readonly userNamespace?: IdMaps;
}

/**
 * Makes or joins namespaces. One stub does it: it has a single thread, as a user namespace asks
 * for. Then it forks PID 1 and the future command as its *siblings* (CLONE_PARENT), so that they
 * are children of this process, and ends.
 *
 * @throws SyscallError with a hint; UserMappingError. Nothing is left then.
 */
export function prepareNamespaces(
  host: RuntimeHost,
  namespaces: Namespaces,
  maps?: IdMaps,
): PreparedNamespaces {
  const { processes } = host;
  const [own, theirs, ownInit, theirInit] = openSockets(host, namespaces.pid === 'new');
  const connection = new StubConnection(processes, own);
  const initConnection = ownInit === undefined ? undefined : new StubConnection(processes, ownInit);
  const children: number[] = [];
  try {
    const pid = spawnStub(host, theirs, theirInit);
    children.push(pid);
    enterNamespaces(host, connection, pid, namespaces, maps);
    const userNamespace = maps === undefined ? {} : { userNamespace: maps };
    if (namespaces.pid === 'shared') {
      const runner = { pid, connection };
      return { namespaces, runner, ...userNamespace, ...openHandles(host, namespaces, runner) };
    }
    const init =
      initConnection === undefined
        ? undefined
        : { pid: forkInit(connection), connection: initConnection };
    if (init !== undefined) children.push(init.pid);
    const runner = { pid: forkRunner(connection), connection };
    processes.waitid(pid);
    children.splice(0, 1);
    children.push(runner.pid);
    const made = { namespaces, runner, ...userNamespace, ...(init === undefined ? {} : { init }) };
    return { ...made, ...openHandles(host, namespaces, runner) };
  } catch (error) {
    connection.close();
    initConnection?.close();
    // Each ends when its socket closes; PID 1 not before the others of its namespace are reaped.
    for (const child of children.toReversed()) processes.waitid(child);
    throw explainNamespaceError(error);
  }
}

/** A pair for the stub, and one for its init. */
function openSockets({ processes }: RuntimeHost, hasInit: boolean): readonly [Fd, Fd, Fd?, Fd?] {
  const pair = processes.socketpair();
  if (!hasInit) return pair;
  try {
    return [...pair, ...processes.socketpair()];
  } catch (error) {
    for (const fd of pair) processes.close(fd);
    throw error;
  }
}

/** Opened ahead, so that a launch does not have to. */
function openHandles(
  { processes, syscalls }: RuntimeHost,
  namespaces: Namespaces,
  { pid }: WaitingStub,
): Pick<PreparedNamespaces, 'pidfd' | 'mountNamespace' | 'pidNamespace'> {
  const opened: Fd[] = [];
  const keep = (fd: Fd): Fd => {
    opened.push(fd);
    return fd;
  };
  try {
    const pidfd = keep(processes.pidfd_open(pid));
    const mountNamespace = keep(openNamespace(syscalls, pid, 'mnt'));
    if (namespaces.pid === 'shared') return { pidfd, mountNamespace };
    return { pidfd, mountNamespace, pidNamespace: openNamespace(syscalls, pid, 'pid') };
  } catch (error) {
    // EMFILE.
    for (const fd of opened) processes.close(fd);
    throw error;
  }
}

/** Opens a namespace of another process; the descriptor keeps the namespace alive. */
export function openNamespace(syscalls: Syscalls, pid: number, kind: string): Fd {
  return syscalls.openat2(AT_FDCWD, hostPath(`/proc/${pid}/ns/${kind}`), {
    flags: flags(O_RDONLY, O_CLOEXEC),
  });
}

/** Starts a stub that serves a socket. @returns its pid. */
export function spawnStub({ processes, image }: RuntimeHost, socket: Fd, initSocket?: Fd): number {
  const descriptors = new Map([[STUB_SOCKET, socket]]);
  if (initSocket !== undefined) descriptors.set(INIT_SOCKET, initSocket);
  try {
    return processes.posix_spawn({ path: `/proc/self/fd/${image}`, argv: ['nsinit'], descriptors });
  } finally {
    for (const fd of descriptors.values()) processes.close(fd);
  }
}

/** Joins first, then unshares; a user namespace before all others. */
function enterNamespaces(
  host: RuntimeHost,
  connection: StubConnection,
  pid: number,
  namespaces: Namespaces,
  maps: IdMaps | undefined,
): void {
  joinNamespaces(host, connection, namespaces);
  const unshared = namespaceFlags(namespaces, (choice) => choice === 'new');
  const program = new StubProgram();
  if (namespaces.user === 'new' && maps !== undefined) {
    connection.run(
      new StubProgram()
        .call('unshare', [CLONE_NEWUSER], { shown: ['CLONE_NEWUSER'] })
        .encode('serve'),
    );
    writeIdMaps(pid, maps);
    becomeMapped(program, maps);
  }
  const others = (unshared & ~CLONE_NEWUSER) >>> 0;
  if (others !== 0) program.call('unshare', [others], { shown: [showFlags(others)] });
  if (namespaces.net === 'new') bringLoopbackUp(program);
  connection.run(program.encode('serve'));
}

function joinNamespaces(
  host: RuntimeHost,
  connection: StubConnection,
  namespaces: Namespaces,
): void {
  const opened: Fd[] = [];
  const program = new StubProgram();
  try {
    for (const name of NAMESPACE_NAMES) {
      const choice = namespaces[name];
      if (typeof choice !== 'object') continue;
      const how = { flags: flags(O_RDONLY, O_CLOEXEC) };
      opened.push(host.syscalls.openat2(AT_FDCWD, hostPath(choice.join), how));
      program.call('setns', [opened.length - 1, NAMESPACE_FLAGS[name]], {
        shown: [JSON.stringify(choice.join), showFlags(NAMESPACE_FLAGS[name])],
      });
    }
    if (opened.length === 0) return;
    program.call('close_range', [0, opened.length - 1, 0]);
    connection.run(program.encode('serve', opened.length), opened);
  } finally {
    for (const fd of opened) host.syscalls.close(fd);
  }
}

/** Takes the first mapped ids: an unmapped one could make no file and own no mount. */
export function becomeMapped(program: StubProgram, { uids, gids }: IdMaps): void {
  const [uid, gid] = [uids[0]?.inside ?? 0, gids[0]?.inside ?? 0];
  program.call('setresgid', [gid, gid, gid]).call('setresuid', [uid, uid, uid]);
}

const CLONE_ARGS = [CLONE_PARENT | SIGCHLD, 0, 0, 0, 0] as const;
const CLONE_SHOWN = { mode: 'fork', shown: ['CLONE_PARENT|SIGCHLD'] } as const;

/** The first child after unshare(CLONE_NEWPID) is PID 1; the stub itself stays outside. */
function forkInit(connection: StubConnection): number {
  const program = new StubProgram()
    .call('clone', [...CLONE_ARGS, INIT_SOCKET], CLONE_SHOWN)
    .call('close', [INIT_SOCKET]);
  return connection.run(program.encode('serve'))[0] ?? 0;
}

/** The future command takes over the socket; the stub that forked it ends. */
export function forkRunner(connection: StubConnection): number {
  const program = new StubProgram().call('clone', [...CLONE_ARGS, STUB_SOCKET], CLONE_SHOWN);
  return connection.run(program.encode('exit'))[0] ?? 0;
}

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP_RUNNING = 0x41;

/** A new network namespace has its loopback device down (netdevice(7)). */
function bringLoopbackUp(program: StubProgram): void {
  const ifreq = new Uint8Array(40);
  ifreq.set(Buffer.from('lo'));
  ifreq[16] = IFF_UP_RUNNING;
  // Nothing else is open: the socket is descriptor 0.
  program
    .call('socket', [AF_INET, SOCK_DGRAM, 0])
    .call('ioctl', [0, SIOCSIFFLAGS, program.bytes(ifreq)], {
      shown: ['socket', 'SIOCSIFFLAGS', '"lo"'],
    })
    .call('close', [0]);
}

const showFlags = (value: number): string =>
  NAMESPACE_NAMES.filter((name) => value & NAMESPACE_FLAGS[name])
    .map((name) => `CLONE_NEW${name === 'mount' ? 'NS' : name.toUpperCase()}`)
    .join('|');
