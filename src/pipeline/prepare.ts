import { withDiagnostics } from './diagnostics.js';
import { NsinitError, StepError } from './errors.js';
import { createRunContainer, makeStep } from './injection.js';
import { HandOver, type Key } from './key.js';
import { silentLogger, type Logger } from './logger.js';
import type { Observer } from './observer.js';
import type { PipelineEntry } from './pipeline-entry.js';
import type { ModelledMachine } from './plan.js';
import type { Provided, RunOptions } from './run.js';
import type { Step } from './step.js';

/** How far slow work is. */
export interface Progress {
  readonly done: number;
  /** Of how many; unknown unless given. */
  readonly total?: number | undefined;
  /** What is counted, or what is done now; for people. */
  readonly what?: string | undefined;
}

/** What a step prepares with, on the host. */
export interface PrepareContext {
  /** Aborted when nobody waits for it any more: stop then, and throw its reason. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Tells the observers how far it is. */
  progress(progress: Progress): void;
  /**
   * How to take back what has just been made. Last in, first out; when a later step cannot be
   * prepared, when it is aborted, or when the run that follows fails.
   */
  defer(undo: () => void | Promise<void>): void;
  /**
   * What is to be done when the container has ended, for what it uses until then, such as a
   * directory that is a layer of its root; also whenever {@link defer} would take back.
   */
  afterEnd(work: () => void | Promise<void>): void;
  /** Closes what only the set-up needs, when that has ended, well or not. */
  closeAfter(close: () => void): void;
  /** Hands something to `execute`, and to what is prepared later. */
  provide<T>(key: Key<T>, value: T): void;
  /** What was handed over, or undefined. */
  find<T>(key: Key<T>): T | undefined;
}

/** What a step has in a plan, in place of what it would have prepared. */
export interface RehearseContext extends Pick<PrepareContext, 'provide' | 'find'> {
  readonly machine: ModelledMachine;
}

/** What steps are given that was prepared for them. */
export interface Prepared {
  readonly provided: readonly Provided[];
  /** On a modelled machine: steps that prepare and have no `rehearse`, so that nothing stands for it. */
  readonly unrehearsed?: readonly string[] | undefined;
}

/** What to do where something is missing that could not be rehearsed. */
export function missingRehearsal(prepared: Prepared | undefined): string | undefined {
  const [step] = prepared?.unrehearsed ?? [];
  if (step === undefined) return undefined;
  return `on a modelled machine ${step} prepares nothing, and has no rehearse() to put something in its place`;
}

/** How a pipeline is prepared: as it is run, and until when. */
export interface PrepareOptions extends Pick<
  RunOptions,
  'syscalls' | 'container' | 'services' | 'logger' | 'observers' | 'force'
> {
  readonly signal?: AbortSignal | undefined;
}

/** Whether a step has something to prepare with its options. */
export function prepares({ step, options }: PipelineEntry): boolean {
  const { prototype } = step as unknown as { readonly prototype: Partial<Step<unknown>> };
  return prototype.prepare !== undefined && step.needsPrepare?.(options) !== false;
}

/** @throws NsinitError `NSINIT_MISSING_VALUE` naming the step that was not prepared. */
export function refuseUnprepared(entries: readonly PipelineEntry[]): void {
  const entry = entries.find(prepares);
  if (entry === undefined) return;
  throw new NsinitError(
    'NSINIT_MISSING_VALUE',
    `step ${entry.step.stepName} has not been prepared: await pipeline.prepare(), and give run() what its use() hands over as "prepared"`,
  );
}

type Work = () => void | Promise<void>;

/** Takes back what was prepared: on failure, or also when the container has ended. */
interface Undo {
  readonly work: Work;
  readonly atEnd: boolean;
}

/** What the steps of a pipeline have prepared for one run. */
export class Preparation {
  readonly #provided: Provided[] = [];
  readonly #handOver = new HandOver();
  #undos: Undo[] = [];
  #closes: (() => void)[] = [];
  #used = false;
  readonly #logger: Logger;
  readonly #observers: readonly Observer[];

  constructor(private readonly options: PrepareOptions) {
    this.#logger = options.logger ?? silentLogger;
    this.#observers = withDiagnostics(options.observers);
  }

  /**
   * Runs the pipeline, or starts a container, with what was prepared. What only the set-up needed
   * is closed afterwards; when it throws, all that was prepared is taken back first.
   *
   * @throws NsinitError when it has been used; what `action` throws: what could not be taken back is among a StepError's `undoErrors`.
   */
  async use<T>(action: (prepared: Prepared) => T | Promise<T>): Promise<T> {
    if (this.#used)
      throw new NsinitError(
        'NSINIT_MISSING_VALUE',
        'what was prepared has been used or taken back: prepare again for another run',
      );
    this.#used = true;
    try {
      const result = await action({ provided: this.#provided });
      this.#undos = this.#undos.filter(({ atEnd }) => atEnd);
      return result;
    } catch (error) {
      throw withUndoErrors(error, await this.#takeBack(), this.#logger);
    } finally {
      this.#close();
    }
  }

  /** Whether there is something to be done when the container has ended. */
  get hasEnd(): boolean {
    return this.#undos.some(({ atEnd }) => atEnd);
  }

  /**
   * Does what is to be done when the container has ended; after `use`, once. What goes wrong is
   * told to the logger, or as a warning of the process where there is none.
   */
  async end(): Promise<void> {
    for (const error of await this.#takeBack()) {
      const message = error instanceof Error ? error.message : String(error);
      if (this.#logger === silentLogger) process.emitWarning(message);
      else this.#logger.warn(message);
    }
  }

  /** Takes back what was prepared, for a run that does not come. @returns what was thrown. */
  async undo(): Promise<readonly unknown[]> {
    this.#used = true;
    const errors = await this.#takeBack();
    this.#close();
    return errors;
  }

  /** @internal Prepares the steps in order. Use {@link Pipeline.prepare}. */
  async run(entries: readonly PipelineEntry[]): Promise<this> {
    const { syscalls, container: parent, services, signal = never() } = this.options;
    const container = createRunContainer(syscalls, this.#logger, parent, services);
    const steps = entries.map((entry) => ({ ...entry, instance: makeStep(container, entry.step) }));
    for (const { step, options, instance } of steps) {
      try {
        signal.throwIfAborted();
        await instance.prepare?.(options, this.#context(step.stepName, signal));
        signal.throwIfAborted();
      } catch (cause) {
        throw await this.#fail(step.stepName, cause, signal);
      }
    }
    return this;
  }

  async #fail(step: string, cause: unknown, signal: AbortSignal): Promise<unknown> {
    const errors = await this.#takeBack();
    this.#close();
    if (signal.aborted) return withUndoErrors(signal.reason, errors, this.#logger);
    const error = new StepError(step, errors.length > 0 ? 'failed' : 'done', cause, errors);
    for (const observer of this.#observers) observer.stepFail?.(error);
    return error;
  }

  #context(step: string, signal: AbortSignal): PrepareContext {
    return {
      signal,
      logger: this.#logger,
      progress: (progress) => {
        for (const observer of this.#observers) observer.progress?.(step, progress);
      },
      defer: (work) => void this.#undos.push({ work, atEnd: false }),
      afterEnd: (work) => void this.#undos.push({ work, atEnd: true }),
      closeAfter: (close) => void this.#closes.push(close),
      provide: (key, value) => {
        this.#provided.push([key, value]);
        this.#handOver.provide(key, value);
      },
      find: (key) => this.#handOver.find(key),
    };
  }

  async #takeBack(): Promise<unknown[]> {
    const errors: unknown[] = [];
    for (const { work } of this.#undos.splice(0).toReversed()) {
      try {
        await work();
      } catch (error) {
        errors.push(error);
      }
    }
    return errors;
  }

  #close(): void {
    for (const close of this.#closes.splice(0).toReversed()) {
      try {
        close();
      } catch (error) {
        this.#logger.warn(error instanceof Error ? error.message : String(error));
      }
    }
  }
}

const never = (): AbortSignal => new AbortController().signal;

function withUndoErrors(error: unknown, errors: readonly unknown[], logger: Logger): unknown {
  if (errors.length === 0) return error;
  for (const one of errors) logger.warn(one instanceof Error ? one.message : String(one));
  if (!(error instanceof StepError)) return error;
  const outcome = error.undo === 'impossible' ? error.undo : 'failed';
  return new StepError(error.step, outcome, error.cause, [...error.undoErrors, ...errors]);
}

/** What a plan gives the steps in place of what they would prepare. Has no effects on the host. */
export function rehearse(
  entries: readonly PipelineEntry[],
  machine: ModelledMachine,
  { container: parent, services }: Pick<RunOptions, 'container' | 'services'>,
): Prepared {
  const preparing = entries.filter(prepares);
  if (preparing.length === 0) return { provided: [] };
  const container = createRunContainer(machine, undefined, parent, services);
  const handOver = new HandOver();
  const provided: Provided[] = [];
  const unrehearsed: string[] = [];
  for (const { step, options } of preparing) {
    const made = makeStep(container, step);
    if (made.rehearse === undefined) unrehearsed.push(step.stepName);
    made.rehearse?.(options, {
      machine,
      provide: (key, value) => {
        provided.push([key, value]);
        handOver.provide(key, value);
      },
      find: (key) => handOver.find(key),
    });
  }
  return { provided, unrehearsed };
}
