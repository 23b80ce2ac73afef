import { isListenedTo } from '../pipeline/diagnostics.js';
import { refuseHostNamespace } from '../pipeline/namespace-guard.js';
import type { Observer } from '../pipeline/observer.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import type { RunReport } from '../pipeline/run.js';
import type { Fd } from '../syscalls/descriptor.js';
import { LinuxSyscalls } from '../syscalls/linux.js';
import { compileReplay, type CompiledReplay } from '../syscalls/replay/compile-replay.js';
import { NotReplayableError } from '../syscalls/replay/not-replayable.js';
import { RecordingSyscalls } from '../syscalls/replay/recording-syscalls.js';
import { ResumingSyscalls } from '../syscalls/replay/resuming-syscalls.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import type { ReplayEngine } from '../syscalls/transport.js';
import { pipelineSetUp } from './pipeline-set-up.js';
import type { SetUp, SetUpContext } from './set-up.js';
import { StubEndedError } from './stub-connection.js';
import { LOCAL_RUN_OPTIONS, type LocalRunOptions, type SetUpData } from './set-up-options.js';

// The first makes what the root lacks; one or two are soon made as they are.
const RUNS_BEFORE_RECORDING = 2;
// Where answers differ each time, to record costs more than it saves: for a while it is left alone.
const MOST_INTERRUPTIONS = 3;
const RUNS_LEFT_ALONE = 100;
// Roots and namespaces differ from launch to launch in a program that runs for long.
const MOST_SET_UPS = 100;

type PipelineOptions = Pick<SetUpData, 'rootfs' | 'noFallbacks' | 'force' | 'replay'>;

const setUpsOf = new WeakMap<Pipeline, Map<string, SetUp<RunReport>>>();

/**
 * A pipeline as a set-up that is replayed: once it has run, its calls are made again without its
 * steps, and each answer is held to what the steps have seen. At the first one that differs the
 * steps go on from there. See docs/decisions/replay.md.
 */
export function replayedSetUp(
  pipeline: Pipeline,
  options: PipelineOptions,
  local: LocalRunOptions = {},
): SetUp<RunReport> {
  const isWatched = LOCAL_RUN_OPTIONS.some((option) => local[option] !== undefined);
  if (options.replay === false || isWatched || pipeline.needsPreparation)
    return pipelineSetUp(pipeline, options, local);
  const { rootfs, noFallbacks, force } = options;
  const key = JSON.stringify([rootfs, noFallbacks, force]);
  const setUps = setUpsOf.get(pipeline) ?? new Map<string, SetUp<RunReport>>();
  setUpsOf.set(pipeline, setUps);
  return remembered(setUps, key, () => replayedByKind(pipeline, options));
}

/** What is known under a key, or is made for it now. */
function remembered<T>(known: Map<string, T>, key: string, make: () => T): T {
  const value = known.get(key) ?? make();
  if (known.size >= MOST_SET_UPS && !known.has(key)) known.clear();
  known.set(key, value);
  return value;
}

/** In other namespaces its calls are others. */
function replayedByKind(pipeline: Pipeline, options: PipelineOptions): SetUp<RunReport> {
  const kinds = new Map<string, ReplayedSetUp>();
  return (syscalls, context) => {
    const kind = JSON.stringify([
      context.namespaces,
      context.userNamespace,
      inputsOf(context).length,
    ]);
    const replayed = remembered(kinds, kind, () => new ReplayedSetUp(pipeline, options));
    return replayed.run(syscalls, context);
  };
}

/** A recording, and what it was recorded with. */
interface Recorded {
  readonly replay: CompiledReplay;
  readonly report: RunReport;
  readonly inputs: readonly Fd[];
}

class ReplayedSetUp {
  #revision: number;
  #runs = 0;
  #interruptions = 0;
  /** The run up to which nothing is recorded. */
  #leftAloneUntil = 0;
  #recorded: Recorded | undefined;
  /** Why it is of no use to record it. */
  #refused: string | undefined;
  readonly #live: SetUp<RunReport>;
  /** The same where the checks before it have been made already. */
  readonly #checked: SetUp<RunReport>;

  constructor(
    private readonly pipeline: Pipeline,
    private readonly options: PipelineOptions,
  ) {
    this.#revision = pipeline.revision;
    this.#live = pipelineSetUp(pipeline, options);
    this.#checked = pipelineSetUp(pipeline, { ...options, force: true });
  }

  run(syscalls: Syscalls, context: SetUpContext): RunReport {
    this.#forgetOther();
    this.#runs += 1;
    const engine = this.#engine(syscalls, context);
    const recorded = this.#recorded;
    const notReplayed =
      this.pipeline.notReplayable ??
      this.#refused ??
      (this.#runs <= this.#leftAloneUntil ? OTHERS_EACH_TIME : undefined) ??
      (isTooLarge(recorded, engine) ? TOO_LARGE : undefined);
    if (notReplayed !== undefined) return { ...this.#live(syscalls, context), notReplayed };
    if (engine === undefined) return this.#live(syscalls, context);
    this.#check(syscalls);
    return recorded === undefined
      ? this.#record(syscalls, context)
      : this.#replay(recorded, engine, syscalls, context);
  }

  /** The pipeline may have been changed. */
  #forgetOther(): void {
    if (this.#revision === this.pipeline.revision) return;
    this.#revision = this.pipeline.revision;
    this.#runs = this.#interruptions = this.#leftAloneUntil = 0;
    this.#recorded = this.#refused = undefined;
  }

  /** What makes a replay here; undefined when the steps are to be run. */
  #engine(syscalls: Syscalls, { terminal }: SetUpContext): ReplayEngine | undefined {
    const wanted =
      this.#runs > RUNS_BEFORE_RECORDING &&
      // The number of a terminal is another each time, and is part of its name.
      terminal === undefined &&
      !isListenedTo();
    return wanted && syscalls instanceof LinuxSyscalls ? syscalls.openReplay() : undefined;
  }

  /** What a run does before its first step. */
  #check(syscalls: Syscalls): void {
    const { force = false } = this.options;
    this.pipeline.check({ force });
    if (!force) refuseHostNamespace(syscalls);
  }

  #record(syscalls: Syscalls, context: SetUpContext): RunReport {
    const recording = new RecordingSyscalls(syscalls);
    const inputs = inputsOf(context);
    const report = pipelineSetUp(
      this.pipeline,
      { ...this.options, force: true },
      { observers: [momentsOf(recording)] },
    )(recording, context);
    try {
      const replay = compileReplay(recording, inputs);
      this.#recorded = { replay, report, inputs };
    } catch (error) {
      if (!(error instanceof NotReplayableError)) throw error;
      this.#refused = error.message;
    }
    return report;
  }

  #replay(
    recorded: Recorded,
    engine: ReplayEngine,
    syscalls: Syscalls,
    context: SetUpContext,
  ): RunReport {
    const { program, ops } = recorded.replay;
    const inputs = inputsOf(context);
    program.handIn(inputs);
    const done = playedBy(engine, program.bytes);
    // The steps find that out as they would have.
    if (done === undefined) return this.#checked(syscalls, context);
    if (done === ops.length) {
      this.#interruptions = 0;
      return reportOf(recorded);
    }
    this.#interrupted();
    const pairs = recorded.inputs.map((fd, index) => [fd, inputs[index] ?? fd] as const);
    const resuming = new ResumingSyscalls(syscalls, recorded.replay, done, pairs);
    try {
      return this.#checked(resuming, context);
    } finally {
      resuming.closeUnclaimed();
    }
  }

  #interrupted(): void {
    this.#recorded = undefined;
    this.#interruptions += 1;
    if (this.#interruptions < MOST_INTERRUPTIONS) return;
    this.#interruptions = 0;
    this.#leftAloneUntil = this.#runs + RUNS_LEFT_ALONE;
  }
}

/** How far a replay has come; undefined when the process that makes it has ended. */
function playedBy(engine: ReplayEngine, program: Uint8Array): number | undefined {
  try {
    return engine.replay(program);
  } catch (error) {
    if (error instanceof StubEndedError) return undefined;
    throw error;
  }
}

const inputsOf = ({ pidNamespace }: SetUpContext): readonly Fd[] =>
  pidNamespace === undefined ? [] : [pidNamespace];

const OTHERS_EACH_TIME = `the kernel's answers were others each time, ${MOST_INTERRUPTIONS} times`;
const TOO_LARGE = 'it has more calls than the waiting process can take at once';

const isTooLarge = (recorded: Recorded | undefined, engine: ReplayEngine | undefined): boolean =>
  recorded !== undefined &&
  engine !== undefined &&
  recorded.replay.program.bytes.length > engine.largest;

/** Lets the time be taken before the first step and after each. */
function momentsOf(recording: RecordingSyscalls): Observer {
  return {
    stepStart: () => {
      if (recording.moments.length === 0) recording.markMoment();
    },
    stepEnd: () => recording.markMoment(),
  };
}

function reportOf({ replay: { program, moments }, report }: Recorded): RunReport {
  const times = moments.map((at) => program.timeAt(at));
  const steps = report.steps.map(({ step }, index) => ({
    step,
    micros: (times[index + 1] ?? 0) - (times[index] ?? 0),
  }));
  return { ...report, fallbacks: [...report.fallbacks], steps, replayed: true };
}
