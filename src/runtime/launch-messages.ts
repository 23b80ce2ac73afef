import type { Fd } from '../syscalls/descriptor.js';
import type { ErrorData } from './error-transfer.js';
import type { NamespacePlan } from './start-container.js';
import type { ProcessSpec } from './process-spec.js';
import type { ContainerPids } from './running-process.js';
import type { SetUpPlace } from './set-up.js';
import type { SetUpOptions } from './set-up-options.js';
import type { Namespaces } from './namespaces.js';
import type { IdMaps } from './user-mapping.js';

/** Prepared namespaces as data: descriptors belong to the whole process. */
export interface PreparedData {
  readonly namespaces: Namespaces;
  readonly userNamespace?: IdMaps | undefined;
  readonly runner: { readonly pid: number; readonly fd: Fd };
  readonly init?: { readonly pid: number; readonly fd: Fd } | undefined;
}

/** What the main thread asks of a launch thread. */
export type LaunchRequest =
  | { readonly op: 'prepare'; readonly id: number; readonly plan: NamespacePlan }
  | { readonly op: 'discard'; readonly id: number; readonly prepared: PreparedData }
  | { readonly op: 'load'; readonly id: number; readonly setUp: SetUpOptions }
  | {
      readonly op: 'launch';
      readonly id: number;
      readonly from: { readonly plan: NamespacePlan } | { readonly prepared: PreparedData };
      readonly setUp: SetUpOptions;
      readonly terminal?: Fd | undefined;
      readonly process: ProcessSpec;
    };

/** What a launch tells when the command runs. */
export interface LaunchReport {
  readonly pids: ContainerPids;
  readonly place: SetUpPlace;
}

/** The answer of a launch thread. */
export type LaunchReply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: ErrorData };
