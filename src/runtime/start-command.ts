import type { Fd } from '../syscalls/descriptor.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import { CommandError } from './command-error.js';
import { putUmask, type CommandProgram } from './exec-program.js';
import { initProgram } from './init-program.js';
import type { PreparedNamespaces } from './prepared-namespaces.js';
import type { RuntimeHost } from './runtime-host.js';
import type { StubConnection } from './stub-connection.js';

/** PID 1 on its way to its last state. */
export interface Sealing {
  /** Waits until it is there. @throws SyscallError */
  finish(): void;
}

/** Begins to make PID 1 what it stays; it works while this thread goes home. */
export function sealInit({ init, mountNamespace }: PreparedNamespaces, dieWithParent: boolean): Sealing {
  if (init === undefined) return { finish: () => undefined };
  const program = initProgram(dieWithParent);
  init.connection.send(program.bytes, [mountNamespace]);
  return { finish: () => init.connection.results(program) };
}

/**
 * Tells the waiting stub to become the command. Whether it does is known when its socket answers
 * or closes: {@link confirmCommand}.
 */
export function sendCommand({ runner, mountNamespace }: PreparedNamespaces, program: CommandProgram, umask: number): void {
  putUmask(program, umask);
  runner.connection.send(program.bytes, [...program.descriptors, mountNamespace]);
}

/**
 * Waits until execve(2) has succeeded, or the command has even ended.
 *
 * @throws CommandError when there is no such command; SyscallError for what else was refused.
 */
export function confirmCommand(connection: StubConnection, program: Pick<CommandProgram, 'calls'>, command: string): void {
  try {
    connection.results(program);
  } catch (error) {
    throw explainStart(error, command);
  }
}

/** Closes what was needed to start, in this process. What still waits ends by that. */
export function closePrepared({ syscalls }: Pick<RuntimeHost, 'syscalls'>, prepared: PreparedNamespaces): void {
  prepared.init?.connection.close();
  const opened: (Fd | undefined)[] = [prepared.mountNamespace, prepared.pidNamespace];
  for (const fd of opened) if (fd !== undefined) syscalls.close(fd);
}

function explainStart(error: unknown, command: string): unknown {
  if (!(error instanceof SyscallError)) return error;
  if (error.syscall === 'execve') return new CommandError(command, error);
  if (error.syscall === 'openat' && error.code === 'ENOENT') {
    return error.withHint("stdio 'ignore' is the container's /dev/null: let the pipeline make it, or give a descriptor");
  }
  if (error.syscall === 'chdir') return error.withHint('cwd is a directory of the container');
  return error;
}
