import { AT_FDCWD, type Fd } from '../syscalls/descriptor.js';
import { O_CLOEXEC, O_RDONLY } from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import { hostPath } from '../syscalls/paths.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import { CommandError } from './command-error.js';
import { execProgram } from './exec-program.js';
import { initProgram } from './init-program.js';
import type { PreparedNamespaces } from './prepared-namespaces.js';
import type { ProcessSpec } from './process-spec.js';
import type { RuntimeHost } from './runtime-host.js';
import { StubEndedError } from './stub-connection.js';

/** Opens a namespace of another process; the descriptor keeps the namespace alive. */
export function openNamespace({ syscalls }: Pick<RuntimeHost, 'syscalls'>, pid: number, kind: string): Fd {
  return syscalls.openat2(AT_FDCWD, hostPath(`/proc/${pid}/ns/${kind}`), { flags: flags(O_RDONLY, O_CLOEXEC) });
}

/**
 * Starts the command in namespaces whose root is set up. Returns when execve(2) has succeeded:
 * the waiting stub is the command then, and PID 1 sleeps.
 *
 * @throws CommandError when there is no such command; SyscallError for what else was refused.
 */
export function startCommand(host: RuntimeHost, prepared: PreparedNamespaces, spec: ProcessSpec): void {
  const { runner, init, userNamespace } = prepared;
  const mountNamespace = openNamespace(host, runner.pid, 'mnt');
  try {
    // Made before anything is sent: a bad value throws while both still wait.
    const { program, descriptors } = execProgram(spec, mountNamespace, { userNamespace, hasInit: init !== undefined });
    const encoded = program.encode('serve', descriptors.length);
    if (init !== undefined) {
      // The command must not meet a PID 1 that still has capabilities or descriptors.
      init.connection.run(initProgram(spec.dieWithParent), [mountNamespace]);
    }
    runner.connection.send(encoded.bytes, descriptors);
    runner.connection.exec(encoded);
  } catch (error) {
    throw explainStart(error, spec);
  } finally {
    host.syscalls.close(mountNamespace);
    runner.connection.close();
    init?.connection.close();
  }
}

/**
 * Ends what waits in prepared namespaces, or runs there, and reaps it. Blocks until the last
 * process of the PID namespace is gone, so it is for set-ups that failed.
 */
export function discard({ processes }: RuntimeHost, { runner, init }: PreparedNamespaces): void {
  runner.connection.close();
  init?.connection.close();
  for (const child of [runner, init]) {
    if (child === undefined) continue;
    processes.kill(child.pid, SIGKILL);
    processes.waitid(child.pid);
  }
}

const SIGKILL = 9;

function explainStart(error: unknown, spec: ProcessSpec): unknown {
  if (error instanceof StubEndedError || !(error instanceof SyscallError)) return error;
  if (error.syscall === 'execve') return new CommandError(spec.command, error);
  if (error.syscall === 'openat' && error.code === 'ENOENT') {
    return error.withHint("stdio 'ignore' is the container's /dev/null: let the pipeline make it, or give a descriptor");
  }
  if (error.syscall === 'chdir') return error.withHint('cwd is a directory of the container');
  return error;
}
