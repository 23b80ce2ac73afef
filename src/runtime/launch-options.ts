import type { CapabilityOptions } from './capabilities.js';
import type { NamespaceOptions } from './namespaces.js';
import type { ResourceLimits } from './resource-limits.js';
import type { SeccompFilter } from './seccomp.js';
import type { LocalRunOptions, SetUpOptions } from './set-up-options.js';
import type { StdioOption } from './stdio.js';
import type { TerminalSize } from './terminal.js';
import type { UserMapping } from './user-mapping.js';

/** What a container's namespaces are like; a pool's containers have these in common. */
export interface NamespaceLaunchOptions {
  /** Mount, PID, UTS and IPC are new unless said otherwise. */
  readonly namespaces?: NamespaceOptions | undefined;
  /** How ids are mapped where there is a new user namespace; one id unless said otherwise. */
  readonly userMapping?: UserMapping | undefined;
  /** The user that the command runs as; 0 unless given. */
  readonly uid?: number | undefined;
  /** Its group; the number of `uid` unless given. */
  readonly gid?: number | undefined;
}

/** A command in a root of its own. */
export interface LaunchOptions extends NamespaceLaunchOptions, SetUpOptions, LocalRunOptions {
  /** A path in the container, or a name to look up in its PATH. */
  readonly command: string;
  readonly args?: readonly string[] | undefined;
  /** The whole environment; nothing of this process's is added. PATH is set unless given. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** A directory of the container; `/` unless given. */
  readonly cwd?: string | undefined;
  /** Supplementary groups; none unless given. */
  readonly groups?: readonly number[] | undefined;
  readonly hostname?: string | undefined;
  /** The NIS domain name (setdomainname(2)). */
  readonly domainname?: string | undefined;
  readonly umask?: number | undefined;
  /** Pipes for 0, 1 and 2 unless given; ignored with a terminal. */
  readonly stdio?: StdioOption | undefined;
  /** A pseudo-terminal as 0, 1 and 2 and as the controlling terminal; 80 columns and 24 rows unless given. */
  readonly terminal?: boolean | TerminalSize | undefined;
  /** Ends the container, before, during or after its start. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after which the command gets `killSignal`. */
  readonly timeout?: number | undefined;
  /** What `signal` and `timeout` send; SIGKILL unless given. */
  readonly killSignal?: NodeJS.Signals | number | undefined;
  /** What the command may do; as much as this process unless given. An empty list takes everything away. */
  readonly capabilities?: CapabilityOptions | undefined;
  /**
   * Whether execve(2) may grant no privileges; implied by `seccomp` unless given. With `false` the
   * filter is set before capabilities and user are, and has to allow those calls.
   */
  readonly noNewPrivileges?: boolean | undefined;
  readonly limits?: ResourceLimits | undefined;
  readonly seccomp?: SeccompFilter | undefined;
  /** Whether the container dies with this process, even by SIGKILL; true unless given. */
  readonly dieWithParent?: boolean | undefined;
  /** Whether the command leads a session of its own; true unless given. */
  readonly newSession?: boolean | undefined;
}
