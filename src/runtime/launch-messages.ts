import type { Fd } from '../syscalls/descriptor.js';
import type { ErrorData } from './error-transfer.js';
import type { Namespaces } from './namespaces.js';
import type { SetUpPlace } from './set-up.js';
import type { SetUpData } from './set-up-options.js';
import type { BareCommandProgram } from './start-command.js';
import type { NamespacePlan } from './start-container.js';
import type { Refusal } from './stub-connection.js';
import type { IdMaps } from './user-mapping.js';

/** Prepared namespaces as data: descriptors belong to the whole process. */
export interface PreparedData {
  readonly namespaces: Namespaces;
  readonly userNamespace?: IdMaps | undefined;
  readonly runner: { readonly pid: number; readonly fd: Fd };
  readonly init?: { readonly pid: number; readonly fd: Fd } | undefined;
  readonly pidfd: Fd;
  readonly mountNamespace: Fd;
  readonly pidNamespace?: Fd | undefined;
}

/** What the main thread asks of a launch thread. */
export type LaunchRequest =
  | {
      readonly op: 'prepare';
      readonly id: number;
      readonly plan: NamespacePlan;
      /** Sets the root up as well. */
      readonly setUp?: SetUpData | undefined;
    }
  /** Nobody waits for what is prepared for a launch any more. */
  | { readonly op: 'abort'; readonly id: number; readonly launch: number }
  /** The container of a launch, or of a root that was set up, has ended. */
  | { readonly op: 'end'; readonly id: number; readonly of: number }
  | { readonly op: 'load'; readonly id: number; readonly setUp: SetUpData }
  | {
      readonly op: 'launch';
      readonly id: number;
      readonly from: { readonly plan: NamespacePlan } | { readonly prepared: PreparedData };
      readonly setUp: SetUpData;
      readonly terminal?: Fd | undefined;
      readonly command: { readonly program: BareCommandProgram; readonly dieWithParent: boolean };
    };

/** What is told of a root that was set up. */
export interface RootReport {
  readonly place: SetUpPlace;
  /** What the set-up told: a pipeline its steps, their times, and the fallbacks taken. */
  readonly setUp: unknown;
  /** What the launch thread is to be told of when the container has ended. */
  readonly ends?: number | undefined;
}

/** A root that waits for a command. */
export interface ReadyRoot extends RootReport {
  /** The file mode creation mask that its set-up left. */
  readonly umask: number;
}

/** What a launch tells when the command runs. */
export interface LaunchReport extends RootReport {
  /** A call between fork and exec that was refused. */
  readonly refused?: Refusal;
}

/** The answer of a launch thread. Namespaces made for a launch are announced before it goes on. */
export type LaunchReply =
  | { readonly id: number; readonly prepared: PreparedData }
  | { readonly id: number; readonly ok: true; readonly value?: LaunchReport | ReadyRoot }
  | { readonly id: number; readonly ok: false; readonly error: ErrorData };
