import type { Fd } from '../syscalls/descriptor.js';
import type { CapabilityOptions } from './capabilities.js';
import type { ResourceLimits } from './resource-limits.js';

/** Who the command runs as. */
export interface UserSpec {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups; none unless given. */
  readonly groups?: readonly number[];
}

/** What runs in the container, and what of the process is set between fork and exec. */
export interface ProcessSpec {
  /** A path in the container, or a name that is looked up in `PATH` of `env`. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** A directory of the container. */
  readonly cwd: string;
  readonly user?: UserSpec;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly umask?: number;
  /** Descriptors 0, 1, 2 …: each one of this process, or the container's /dev/null. */
  readonly stdio: readonly (Fd | 'null')[];
  /** Whether descriptor 0 becomes the controlling terminal of the session. */
  readonly terminal: boolean;
  /** Whether the command leads a session of its own: else it can reach the caller's terminal (TIOCSTI). */
  readonly newSession: boolean;
  readonly capabilities?: CapabilityOptions;
  /** Implied by `seccomp` unless given; without it the filter is set while there are privileges. */
  readonly noNewPrivileges?: boolean;
  readonly limits: ResourceLimits;
  /** A seccomp filter: instructions of eight bytes (`struct sock_filter`). */
  readonly seccomp?: Uint8Array;
  /** Whether it is killed when the thread that started it ends. */
  readonly dieWithParent: boolean;
}

/** The PATH where `env` has none, as execvp(3) and containers know it. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Where a command may be: itself when it has a slash, else in each directory of `path`. */
export function commandCandidates(command: string, path: string = DEFAULT_PATH): readonly string[] {
  if (command.includes('/')) return [command];
  // An empty entry means the current directory (environ(7)).
  return path
    .split(':')
    .map((directory) => (directory === '' ? `./${command}` : `${directory}/${command}`));
}
