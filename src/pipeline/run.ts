import { createRunContainer, makeStep, type Service, type ServiceContainer } from './injection.js';
import type { Fd } from '../syscalls/descriptor.js';
import { AT_FDCWD } from '../syscalls/descriptor.js';
import { O_CLOEXEC, O_DIRECTORY, O_PATH } from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import { hostPath, type HostPath } from '../syscalls/paths.js';
import { RootDir } from '../syscalls/root-dir.js';
import { isErrno, SyscallError } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { withRefusalHint } from '../syscalls/refusal-hints.js';
import { TracingSyscalls } from '../syscalls/tracing-syscalls.js';
import { withDiagnostics } from './diagnostics.js';
import { NsinitError, StepError } from './errors.js';
import { EXPECTATIONS, type Expectation } from './expectation.js';
import { HandOver, sharedKey, type Key } from './key.js';
import { silentLogger, type Logger } from './logger.js';
import { refuseHostNamespace } from './namespace-guard.js';
import type { Observer } from './observer.js';
import type { PipelineEntry } from './pipeline-entry.js';
import { missingRehearsal, type Prepared } from './prepare.js';
import type { Step, StepClass, StepContext } from './step.js';
import { UndoStack } from './undo-stack.js';

/** A value handed over from outside, for steps that need it. */
export type Provided = readonly [Key<unknown>, unknown];

/** How a pipeline runs. */
export interface RunOptions {
  /** The adapter that makes the calls. */
  readonly syscalls: Syscalls;
  /** The root directory, absolute. Without it a step has to make a root. */
  readonly rootfs?: string | undefined;
  /** The application's container: its services can be injected into steps. */
  readonly container?: ServiceContainer | undefined;
  /** Services for the steps of this run, by token; they go before the container's. */
  readonly services?: readonly Service[] | undefined;
  readonly logger?: Logger | undefined;
  readonly observers?: readonly Observer[] | undefined;
  readonly provide?: readonly Provided[] | undefined;
  /** What `pipeline.prepare()` has made for this run. */
  readonly prepared?: Prepared | undefined;
  /** Runs although the plan has problems, or in the host's mount namespace. */
  readonly force?: boolean | undefined;
  /** Fails where a step would have to do something else than planned. */
  readonly noFallbacks?: boolean | undefined;
}

/** A fallback that was taken. */
export interface TakenFallback {
  readonly step: string;
  readonly fallback: string;
  readonly cost: string;
  /** What led to it: the message of the error. */
  readonly error: string;
}

/** How long a step took, in microseconds. */
export interface StepTime {
  readonly step: string;
  readonly micros: number;
}

/** What a run did. */
export interface RunReport {
  readonly steps: readonly StepTime[];
  readonly fallbacks: readonly TakenFallback[];
  /** What close(2) answered at the end; the descriptors are released all the same. */
  readonly closeErrors: readonly unknown[];
  /** Whether the calls were those of an earlier run, made again without its steps. */
  readonly replayed?: true;
  /** Why they were not, in a set-up that would have been. */
  readonly notReplayed?: string;
}

/** One run of a pipeline, from its first step to the last or to the first error. */
export class Run {
  readonly #sys: Syscalls;
  readonly #undo = new UndoStack();
  readonly #handOver: HandOver;
  // A set: whoever attaches what its maker keeps already keeps it again.
  readonly #kept = new Set<Fd>();
  readonly #fallbacks: TakenFallback[] = [];
  /** What the steps have promised of the finished container. */
  readonly expectations: Expectation[] = [];
  readonly #logger: Logger;
  readonly #observers: readonly Observer[];
  #current: StepClass<unknown> | undefined;
  #switched = false;

  constructor(private readonly options: RunOptions) {
    this.#observers = withDiagnostics(options.observers);
    this.#logger = options.logger ?? silentLogger;
    const traces = this.#observers.filter((observer) => observer.syscall !== undefined);
    this.#sys =
      traces.length === 0
        ? options.syscalls
        : new TracingSyscalls(options.syscalls, (call) => {
            for (const observer of traces) observer.syscall?.(this.#name, call);
          });
    this.#handOver = new HandOver(missingRehearsal(options.prepared));
    this.#handOver.provide(EXPECTATIONS, this.expectations);
    for (const [under, value] of options.prepared?.provided ?? [])
      this.#handOver.provide(under, value);
    for (const [under, value] of options.provide ?? []) this.#handOver.provide(under, value);
  }

  /** @throws StepError; NsinitError before anything was done. */
  execute(entries: readonly PipelineEntry[]): RunReport {
    if (this.options.force !== true) refuseHostNamespace(this.options.syscalls);
    const { container: parent, services } = this.options;
    const container = createRunContainer(this.#sys, this.#logger, parent, services);
    // All are made before the first runs: a missing service is found while nothing has happened.
    const instances = entries.map(({ step }) => makeStep(container, step));
    const root = new RootDir(this.#sys, this.#openRoot(), (undo) => this.#undo.push(undo));
    const context = this.#context(root);
    const steps: StepTime[] = [];
    try {
      instances.forEach((instance, index) => {
        steps.push(this.#runStep(entries[index] as PipelineEntry, instance, context));
      });
    } catch (cause) {
      throw this.#fail(cause, root);
    }
    this.#undo.clear();
    return { steps, fallbacks: this.#fallbacks, closeErrors: this.#closeAll(root) };
  }

  /** Closes what was kept. An error does not stop the others. @returns what was thrown. */
  #closeAll(root: RootDir): unknown[] {
    const errors: unknown[] = [];
    for (const fd of [...this.#kept, ...root.held]) {
      try {
        this.#sys.close(fd);
      } catch (error) {
        errors.push(error);
        this.#logger.warn(error instanceof Error ? error.message : String(error));
      }
    }
    return errors;
  }

  #openRoot(): Fd | undefined {
    if (this.options.rootfs === undefined) return undefined;
    const path = hostPath(this.options.rootfs);
    this.#handOver.provide(ROOTFS, path);
    if (/^\/[/.]*$/.test(path)) {
      throw new NsinitError(
        'NSINIT_ROOTFS',
        `rootfs ${path} is the machine's own root: give a directory, or none for a throwaway copy`,
      );
    }
    try {
      const fd = this.#sys.openat2(AT_FDCWD, path, {
        flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC),
      });
      this.#kept.add(fd);
      return fd;
    } catch (cause) {
      const why = isErrno(cause, 'ENOENT')
        ? 'does not exist'
        : isErrno(cause, 'ENOTDIR')
          ? 'is not a directory'
          : 'cannot be opened';
      throw new NsinitError(
        'NSINIT_ROOTFS',
        `rootfs ${path} ${why}: give the directory that is to be the root`,
        { cause },
      );
    }
  }

  get #name(): string {
    return this.#current?.stepName ?? '';
  }

  #runStep(
    { step, options }: PipelineEntry,
    instance: Step<unknown>,
    context: StepContext,
  ): StepTime {
    this.#current = step;
    for (const observer of this.#observers) observer.stepStart?.(step.stepName);
    // Not performance.now(): its module costs 1.4 ms at the first use.
    const started = process.hrtime.bigint();
    // Once the root is being switched there is no way back, also when that fails half-way.
    if (step.switchesRoot === true) this.#handOver.provide(ROOT_SWITCHED, () => this.#leaveHost());
    const returned: unknown = instance.execute(options, context);
    refusePromise(step.stepName, returned);
    const micros = Number(process.hrtime.bigint() - started) / 1000;
    for (const observer of this.#observers) observer.stepEnd?.(step.stepName, micros);
    return { step: step.stepName, micros };
  }

  #leaveHost(): void {
    this.#switched = true;
    this.#undo.clear();
    for (const observer of this.#observers) observer.rootSwitch?.(this.#name);
  }

  #fail(cause: unknown, root: RootDir): StepError {
    const step = this.#name;
    for (const observer of this.#observers) observer.undoStart?.(step, cause);
    const errors = this.#switched ? [] : this.#undo.unwind(() => this.#tellUndo(step));
    for (const observer of this.#observers) observer.undoEnd?.(step);
    const outcome = this.#switched ? 'impossible' : errors.length > 0 ? 'failed' : 'done';
    const error = new StepError(step, outcome, withRefusalHint(cause), [
      ...errors,
      ...this.#closeAll(root),
    ]);
    for (const observer of this.#observers) observer.stepFail?.(error);
    return error;
  }

  #tellUndo(step: string): void {
    for (const observer of this.#observers) observer.undo?.(step);
  }

  #context(root: RootDir): StepContext {
    return {
      root,
      logger: this.#logger,
      defer: (undo) => this.#undo.push(undo),
      keep: (fd) => {
        this.#kept.add(fd);
        root.markLasting(fd);
        return fd;
      },
      expect: (expected) => void this.expectations.push(expected),
      provide: (under, value) => this.#handOver.provide(under, value),
      need: (under) => this.#handOver.need(under),
      find: (under) => this.#handOver.find(under),
      fallBack: (name, error) => this.#fallBack(name, error),
    };
  }

  #fallBack(name: string, error: unknown): void {
    const step = this.#name;
    const declared = this.#current?.fallbacks?.[name];
    const isDeclared =
      declared !== undefined &&
      (!(error instanceof SyscallError) || declared.when.includes(error.code));
    if (!isDeclared) throw withUndeclared(error, name);
    if (this.options.noFallbacks === true) throw error;
    const message = error instanceof Error ? error.message : String(error);
    this.#fallbacks.push({ step, fallback: name, cost: declared.cost, error: message });
    this.#logger.warn(`${step}: ${declared.instead} (${message})`);
    for (const observer of this.#observers) observer.fallback?.(step, name, error, declared.cost);
  }
}

/** The root directory as the caller gave it. */
export const ROOTFS: Key<HostPath> = sharedKey('nsinit.rootfs', 'rootfs');

/** Called by the step that switches the root, at the moment from which nothing can be taken back. */
export const ROOT_SWITCHED: Key<() => void> = sharedKey('nsinit.rootSwitched', 'root switched');

/** Its author is told, unless there is more to say to whoever runs it. */
function withUndeclared(error: unknown, name: string): unknown {
  const told = withRefusalHint(error);
  if (!(told instanceof SyscallError) || told.hint !== undefined) return told;
  return told.withHint(`the step declares no fallback ${name} for it`);
}

function refusePromise(step: string, returned: unknown): void {
  if (typeof returned !== 'object' || returned === null || !('then' in returned)) return;
  // What it still does must not end the process as an unhandled rejection.
  Promise.resolve(returned as PromiseLike<unknown>).then(undefined, () => undefined);
  throw new NsinitError(
    'NSINIT_PROMISE',
    `${step} returned a promise: steps are synchronous, since Node's other threads act on the host`,
  );
}
