import { recognizeAcrossCopies } from '../syscalls/across-copies.js';
import { checkOrder } from './check-order.js';
import { NsinitError, PlanError } from './errors.js';
import type { Token } from './dependencies.js';
import type { Expectation } from './expectation.js';
import { createRunContainer, makeStep, type Service } from './injection.js';
import { describeEntry, type PipelineEntry, type PlannedStep } from './pipeline-entry.js';
import { recordPlan, type ModelledMachine, type Plan, type PlanOnOptions } from './plan.js';
import {
  Preparation,
  prepares,
  refuseUnprepared,
  rehearse,
  type Prepared,
  type PrepareOptions,
} from './prepare.js';
import { Run, type RunOptions, type RunReport } from './run.js';
import type { StepClass } from './step.js';
import { checkStepClass } from './step-class.js';
import { verifyContainer } from './verification.js';
import type { Syscalls } from '../syscalls/syscalls.js';

/** What may be given to `plan`. */
export interface PlanOptions extends Pick<RunOptions, 'container' | 'services'> {
  /** Describes although something is wrong with the order. */
  readonly force?: boolean | undefined;
}

/** An ordered list of steps. The order is exactly the one in which they were put. */
export class Pipeline {
  readonly #entries: PipelineEntry[] = [];
  readonly #services: Service[] = [];
  #expectations: readonly Expectation[] | undefined;
  /** What is wrong with the order; undefined when it has changed since it was checked. */
  #problems: readonly string[] | undefined;
  #revision = 0;

  /** Appends a step. @throws NsinitError `NSINIT_OPTION` when it does not take the options. */
  use<O>(step: StepClass<O>, options?: NoInfer<Partial<O>>): this {
    return this.#splice(this.#entries.length, 0, toEntry(step, options));
  }

  /** @throws NsinitError `NSINIT_UNKNOWN_STEP` when there is no step of that name. */
  insertBefore<O>(name: string, step: StepClass<O>, options?: NoInfer<Partial<O>>): this {
    return this.#splice(this.#indexOf(name), 0, toEntry(step, options));
  }

  /** @throws NsinitError `NSINIT_UNKNOWN_STEP` when there is no step of that name. */
  insertAfter<O>(name: string, step: StepClass<O>, options?: NoInfer<Partial<O>>): this {
    return this.#splice(this.#indexOf(name) + 1, 0, toEntry(step, options));
  }

  /** @throws NsinitError `NSINIT_UNKNOWN_STEP` when there is no step of that name. */
  replace<O>(name: string, step: StepClass<O>, options?: NoInfer<Partial<O>>): this {
    return this.#splice(this.#indexOf(name), 1, toEntry(step, options));
  }

  /** @throws NsinitError `NSINIT_UNKNOWN_STEP` when there is no step of that name. */
  remove(name: string): this {
    return this.#splice(this.#indexOf(name), 1);
  }

  /** Gives its steps a service, in every run; those given to a run go before. */
  give<T>(token: Token<T>, service: NoInfer<T>): this {
    this.#services.push([token, service]);
    this.#revision += 1;
    return this;
  }

  /** The steps' names in order. */
  get names(): readonly string[] {
    return this.#entries.map(({ step }) => step.stepName);
  }

  /** The steps' classes in order. */
  get steps(): readonly StepClass<unknown>[] {
    return this.#entries.map(({ step }) => step);
  }

  /** Checks the order alone, as a run does too. @throws PlanError unless forced. */
  check({ force = false }: Pick<PlanOptions, 'force'> = {}): void {
    const problems = this.#check();
    if (problems.length > 0 && !force) throw new PlanError(problems);
  }

  /**
   * Checks the order and says what each step will do. Has no effects.
   *
   * @throws PlanError with everything that is wrong, unless forced.
   */
  plan({ force = false, container, services }: PlanOptions = {}): readonly PlannedStep[] {
    this.check({ force });
    const child = createRunContainer(noSyscalls, undefined, container, this.#withOwn(services));
    return this.#entries.map((entry) => describeEntry(entry, makeStep(child, entry.step)));
  }

  /**
   * Executes the very steps on a modelled machine, and says what they do there: their calls with
   * their arguments, the fallbacks that are taken, the mounts that result. The machine is used up.
   *
   * @throws PlanError with everything that is wrong with the order, unless forced. What a run would
   *   fail with is in the plan.
   */
  planOn(machine: ModelledMachine, options: PlanOnOptions = {}): Plan {
    const problems = this.#check();
    const described = this.plan(options);
    const prepared = this.rehearse(machine, options);
    const { rootfs } = options;
    return recordPlan({ machine, described, problems, rootfs, prepared }, (observer) =>
      // There is no host to be kept safe from what the model does.
      this.run({ ...options, prepared, syscalls: machine, observers: [observer], force: true }),
    );
  }

  /**
   * Why its calls may not be made again without its steps: something else than the kernel's answers
   * decides what it does. Undefined when every step says that it is `replayable`.
   */
  get notReplayable(): string | undefined {
    if (this.needsPreparation) return 'a step prepares something for each run';
    if (this.#services.length > 0) return 'its steps are given services';
    // Of the class itself: what inherits it may do something else.
    const other = this.#entries.find(
      ({ step }) => !Object.hasOwn(step, 'replayable') || step.replayable !== true,
    );
    return other && `${other.step.stepName} does not say that it is replayable`;
  }

  /** How often its steps or services have been changed. */
  get revision(): number {
    return this.#revision;
  }

  /** Whether a step has slow work to do before a run: {@link prepare} does it. */
  get needsPreparation(): boolean {
    return this.#entries.some(prepares);
  }

  /**
   * Lets the steps that have something to prepare do so, in order, on the host. What they have
   * made is used once: `(await pipeline.prepare(o)).use((prepared) => pipeline.run({ ...o, prepared }))`.
   *
   * @throws PlanError before anything was done; StepError when a step could not be prepared, or the
   *   reason of `signal`: all that was prepared has been taken back then.
   */
  async prepare(options: PrepareOptions): Promise<Preparation> {
    const problems = this.#check();
    if (problems.length > 0 && options.force !== true) throw new PlanError(problems);
    const services = this.#withOwn(options.services);
    return new Preparation({ ...options, services }).run(this.#entries.filter(prepares));
  }

  /** What a run on a modelled machine is given as `prepared`: nothing is prepared for it. */
  rehearse(
    machine: ModelledMachine,
    options: Pick<RunOptions, 'container' | 'services'> = {},
  ): Prepared {
    const services = this.#withOwn(options.services);
    return rehearse(this.#entries, machine, { ...options, services });
  }

  /**
   * Runs the steps in the calling thread, through the given adapter.
   *
   * @throws PlanError, or NsinitError when a step was not prepared, before anything was done;
   *   StepError when a step failed: what the earlier ones did has been taken back then, unless the root had been switched.
   */
  run(options: RunOptions): RunReport {
    // Only JavaScript can leave it out.
    if (typeof (options as Partial<RunOptions> | undefined)?.syscalls !== 'object')
      throw new TypeError('run takes { syscalls }: a LinuxSyscalls, or a MockSyscalls for a test');
    const problems = this.#check();
    if (problems.length > 0 && options.force !== true) throw new PlanError(problems);
    if (options.prepared === undefined) refuseUnprepared(this.#entries);
    const services = this.#withOwn(options.services);
    const run = new Run({ ...options, services });
    const report = run.execute(this.#entries);
    this.#expectations = run.expectations;
    return report;
  }

  /**
   * Looks at the finished container, from inside, and compares it with what the steps of the last
   * run have promised: mounts, their flags and propagation, nodes and links, that nothing shows
   * the host's proc or sys, and that a command would inherit no descriptor above 2. Changes
   * nothing; the step `verify` does the same at the end of a run.
   *
   * @returns the differences, a line each; none when all is as it should be.
   * @throws NsinitError `NSINIT_MISSING_VALUE` when it has not run; SyscallError when there is no
   *   proc to read the mounts from.
   */
  verify({ syscalls }: Pick<RunOptions, 'syscalls'>): readonly string[] {
    if (this.#expectations === undefined)
      throw new NsinitError('NSINIT_MISSING_VALUE', 'this pipeline has not run: run() comes first');
    return verifyContainer(syscalls, this.#expectations, {
      descriptors: true,
      mountsUnreadable: (error) => {
        throw error;
      },
    });
  }

  // The container takes the last one that is registered for a token.
  #withOwn(services: readonly Service[] = []): readonly Service[] {
    return [...this.#services, ...services];
  }

  #splice(at: number, removed: number, ...entries: readonly PipelineEntry[]): this {
    this.#entries.splice(at, removed, ...entries);
    this.#problems = undefined;
    this.#revision += 1;
    return this;
  }

  #check(): readonly string[] {
    this.#problems ??= checkOrder(this.#entries);
    return this.#problems;
  }

  #indexOf(name: string): number {
    const index = this.#entries.findIndex(({ step }) => step.stepName === name);
    if (index >= 0) return index;
    throw new NsinitError(
      'NSINIT_UNKNOWN_STEP',
      `there is no step ${JSON.stringify(name)}; there are ${this.names.join(', ')}`,
    );
  }
}
recognizeAcrossCopies(Pipeline, 'Pipeline');

// Describing a step makes no call; one that does is told so.
const noSyscalls = new Proxy({} as Syscalls, {
  get: (_, name) => {
    throw new NsinitError('NSINIT_PLAN', `a step called ${String(name)} while it was described`);
  },
});

function toEntry<O>(step: StepClass<O>, options: unknown): PipelineEntry {
  checkStepClass(step);
  try {
    return { step: step as StepClass<unknown>, options: step.parse(options) };
  } catch (cause) {
    const code = cause instanceof NsinitError ? cause.code : 'NSINIT_OPTION';
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new NsinitError(code, `${step.stepName}: ${message}`, { cause });
  }
}
