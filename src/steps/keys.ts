import { sharedKey, type Key } from '../pipeline/key.js';
import type { Fd } from '../syscalls/descriptor.js';
import type { ProcessEnd } from '../syscalls/process-calls.js';

/** The PID namespace that proc is to show, where the calls are not made inside it. */
export const PID_NAMESPACE: Key<Fd> = sharedKey('nsinit.pidNamespace', 'PID namespace');

/** The master of the pseudo-terminal that is to be the console. */
export const TERMINAL: Key<Fd> = sharedKey('nsinit.terminal', 'terminal');

/** The directory of the container's /dev, kept from the moment its tmpfs was made. */
export const DEV_DIRECTORY: Key<Fd> = sharedKey('nsinit.devDirectory', '/dev');

/** The host's /proc, kept for a thread that the container's proc does not show. */
export const HOST_PROC: Key<Fd> = sharedKey('nsinit.hostProc', "the host's /proc");

/** A directory of the container that is a mount of its own, and a part of the root all the same. */
export interface RootPart {
  readonly name: string;
  /** The root of its mount, kept. */
  readonly mount: Fd;
}

/** The directories of / that a throwaway copy in a user namespace is made of. */
export const ROOT_PARTS: Key<readonly RootPart[]> = sharedKey('nsinit.rootParts', 'parts of /');

/** Whether the command inherits the descriptors of the process that sets up; true unless said. */
export const COMMAND_INHERITS: Key<boolean> = sharedKey('nsinit.inherits', 'inheritance');

/** Whether the container has a user namespace of its own. */
export const USER_NAMESPACE: Key<boolean> = sharedKey('nsinit.userNamespace', 'user namespace');

/** A program to run while the container is set up, and to wait for. */
export interface ProgramBeside {
  /** In the namespaces of whoever launches, or in the container's with the root that they have now. */
  readonly where: 'host' | 'container';
  readonly path: string;
  /** With argument 0. */
  readonly args: readonly string[];
  /** The whole environment, as `NAME=VALUE`. */
  readonly env: readonly string[];
  /** What it reads from standard input, at most 64 KiB; what it writes goes to standard error. */
  readonly input: string;
  /** Milliseconds after which it is killed. */
  readonly timeout?: number | undefined;
}

/** How such a program ended. */
export type ProgramEnd = ProcessEnd & { readonly timedOut: boolean };

/** The process that is to become the command, and a way to run programs beside it. */
export interface ContainerProcess {
  /** As this machine numbers it. */
  readonly pid: number;
  /** Runs a program and waits for its end. @throws SyscallError when it cannot be executed. */
  run(program: ProgramBeside): ProgramEnd;
}

/** The container's process, where the runtime has made one. */
export const CONTAINER_PROCESS: Key<ContainerProcess> = sharedKey(
  'nsinit.containerProcess',
  'container process',
);
