import type { ContainerProcess, ProgramBeside, ProgramEnd } from '../steps/keys.js';
import type { Fd } from '../syscalls/descriptor.js';
import { asFd } from '../syscalls/descriptor.js';
import type { ProcessEnd } from '../syscalls/process-calls.js';
import { CLONE_NEWUSER } from '../syscalls/process-flags.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import { namespaceFlags } from './namespaces.js';
import {
  becomeMapped,
  forkRunner,
  spawnStub,
  type PreparedNamespaces,
} from './prepared-namespaces.js';
import type { RuntimeHost } from './runtime-host.js';
import { SIGNAL_NUMBERS } from './signals.js';
import { StubConnection } from './stub-connection.js';
import { StubProgram } from './stub-program.js';

// A pipe holds as much without a reader (pipe(7)); execve(2) has not happened when it is written.
const MOST_INPUT = 65536;
const POLL_MILLISECONDS = 2;
const UMASK = 0o022;
const STDERR = asFd(2);

/**
 * The container as its set-up sees it from outside.
 *
 * @param atHome runs something where this process was before it entered the container's namespaces.
 */
export function containerProcess(
  host: RuntimeHost,
  prepared: PreparedNamespaces,
  atHome: <T>(action: () => T) => T,
): ContainerProcess {
  return {
    pid: prepared.runner.pid,
    run: (program) => runBeside(host, prepared, program, atHome),
  };
}

function runBeside(
  host: RuntimeHost,
  prepared: PreparedNamespaces,
  program: ProgramBeside,
  atHome: <T>(action: () => T) => T,
): ProgramEnd {
  const input = Buffer.from(program.input);
  if (input.length > MOST_INPUT)
    throw new RangeError(
      `the input of ${program.path} has ${input.length} bytes, more than a pipe`,
    );
  const { processes } = host;
  const [own, theirs] = processes.socketpair();
  const connection = new StubConnection(processes, own);
  let child = atHome(() => spawnStub(host, theirs));
  try {
    if (program.where === 'container') child = enterContainer(host, prepared, connection, child);
    execute(host, connection, program, input);
  } catch (error) {
    connection.close();
    processes.waitid(child);
    throw error;
  }
  connection.close();
  return waitFor(host, child, program.timeout);
}

/** @returns the process that is inside: a PID namespace is entered by the next child (setns(2)). */
function enterContainer(
  { processes }: RuntimeHost,
  { namespaces, pidfd, userNamespace }: PreparedNamespaces,
  connection: StubConnection,
  stub: number,
): number {
  const entered = namespaceFlags(namespaces, (choice) => choice !== 'shared');
  const program = new StubProgram()
    .call('setns', [0, entered], { shown: ['the container', `0x${entered.toString(16)}`] })
    .call('close', [0]);
  if (entered & CLONE_NEWUSER && userNamespace !== undefined) becomeMapped(program, userNamespace);
  connection.run(program.encode('serve', 1), [pidfd]);
  if (namespaces.pid === 'shared') return stub;
  const child = forkRunner(connection);
  processes.waitid(stub);
  return child;
}

/** Returns when execve(2) has succeeded: the socket is closed by that. */
function execute(
  { processes, syscalls }: RuntimeHost,
  connection: StubConnection,
  { path, args, env }: ProgramBeside,
  input: Uint8Array,
): void {
  const program = new StubProgram().call('umask', [UMASK]).call('setsid', []);
  const list = (texts: readonly string[]): ReturnType<StubProgram['pointers']> =>
    program.pointers(texts.map((text) => program.string(text)));
  const root = program.string('/');
  program.call('chdir', [root], { shown: ['"/"'] });
  program.call('execve', [program.string(path), list(args), list(env)], {
    shown: [JSON.stringify(path), JSON.stringify(args)],
  });
  const encoded = program.encode('serve', 3);
  const [read, write] = processes.pipe2();
  let open: Fd[] = [read, write];
  try {
    if (input.length > 0) syscalls.write(write, input);
    processes.close(write);
    open = [read];
    connection.send(encoded.bytes, [read, STDERR, STDERR]);
  } finally {
    for (const fd of open) processes.close(fd);
  }
  connection.results(encoded);
}

/** The calling thread has nothing else to do meanwhile: a set-up is synchronous. */
function waitFor({ processes }: RuntimeHost, pid: number, timeout: number | undefined): ProgramEnd {
  if (timeout === undefined) return { ...(processes.waitid(pid) as ProcessEnd), timedOut: false };
  const until = performance.now() + timeout;
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    const end = processes.waitid(pid, { nohang: true });
    if (end !== undefined) return { ...end, timedOut: false };
    if (performance.now() >= until) break;
    Atomics.wait(clock, 0, 0, POLL_MILLISECONDS);
  }
  try {
    processes.kill(pid, SIGNAL_NUMBERS.SIGKILL);
  } catch (error) {
    // ESRCH cannot be: it has not been waited for.
    if (!(error instanceof SyscallError)) throw error;
  }
  return { ...(processes.waitid(pid) as ProcessEnd), timedOut: true };
}
