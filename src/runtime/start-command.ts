import type { Fd } from '../syscalls/descriptor.js';
import { CommandError } from './command-error.js';
import { enterRoot, putUmask, type CommandProgram } from './exec-program.js';
import { endOfCommandProgram, initProgram } from './init-program.js';
import type { PreparedNamespaces } from './prepared-namespaces.js';
import type { RuntimeHost } from './runtime-host.js';
import { refusal, type Refusal } from './stub-connection.js';
import { StubProgram } from './stub-program.js';

/** PID 1 on its way to its last state. */
export interface Sealing {
  /** Waits until it is there. @throws SyscallError */
  finish(): void;
}

/** Begins to make PID 1 what it stays; it works while this thread goes home. */
export function sealInit(
  { init, mountNamespace, pidfd }: PreparedNamespaces,
  dieWithParent: boolean,
): Sealing {
  if (init === undefined) return { finish: () => undefined };
  const program = initProgram(dieWithParent);
  init.connection.send(program.bytes, dieWithParent ? [mountNamespace] : [mountNamespace, pidfd]);
  if (!dieWithParent) init.connection.send(endOfCommandProgram().bytes);
  return { finish: () => init.connection.results(program) };
}

/** The program without its calls' names: what the stub needs. */
export type BareCommandProgram = Omit<CommandProgram, 'calls'> & { readonly count: number };

/**
 * Lets the waiting stub become the command; returns when execve(2) has succeeded, or the command
 * has even ended.
 *
 * @returns the call that was refused, if one was: {@link explainRefusal} makes an error of it.
 */
export function runCommand(
  { runner, mountNamespace }: PreparedNamespaces,
  program: BareCommandProgram,
  umask: number,
): Refusal | undefined {
  putUmask(program, umask);
  runner.connection.send(program.bytes, [...program.descriptors, mountNamespace]);
  return runner.connection.outcome(program.count)?.refused;
}

/** What a refusal between fork and exec means: CommandError when there is no such command, else SyscallError. */
export function explainRefusal(
  refused: Refusal,
  { calls }: CommandProgram,
  command: string,
): Error {
  const error = refusal(refused, calls);
  if (error.syscall === 'execve') return new CommandError(command, error);
  if (error.syscall === 'openat' && error.code === 'ENOENT') {
    return error.withHint(
      "stdio 'ignore' is the container's /dev/null: let the pipeline make it, or give a descriptor",
    );
  }
  if (error.syscall === 'openat2' || error.syscall === 'fchdir')
    return error.withHint('cwd is a directory of the container, and no link of its /proc');
  return error;
}

/** Lets the waiting stub enter the finished root, where it waits for its command. */
export function enterFinishedRoot({ runner, mountNamespace }: PreparedNamespaces): void {
  const program = new StubProgram();
  enterRoot(program, 0);
  runner.connection.run(program.encode('serve', 1), [mountNamespace]);
}

/** Closes what was needed to start, in this process. What still waits ends by that. */
export function closePrepared(
  host: Pick<RuntimeHost, 'syscalls'>,
  prepared: PreparedNamespaces,
): void {
  prepared.runner.connection.close();
  closeVisited(host, prepared);
}

/** Closes all but the connection to the future command. */
export function closeVisited(
  { syscalls }: Pick<RuntimeHost, 'syscalls'>,
  prepared: PreparedNamespaces,
): void {
  prepared.init?.connection.close();
  const opened: (Fd | undefined)[] = [
    prepared.pidfd,
    prepared.mountNamespace,
    prepared.pidNamespace,
  ];
  for (const fd of opened) if (fd !== undefined) syscalls.close(fd);
}
