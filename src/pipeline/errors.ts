import { recognizeAcrossCopies } from '../syscalls/across-copies.js';
/** Codes that do not change between versions; docs/reference/errors.md has a paragraph for each. */
export type ErrorCode =
  | 'NSINIT_CONFIG'
  | 'NSINIT_HOST'
  | 'NSINIT_HOST_NAMESPACE'
  | 'NSINIT_INJECTION'
  | 'NSINIT_MISSING_VALUE'
  | 'NSINIT_OPTION'
  | 'NSINIT_PLAN'
  | 'NSINIT_PROMISE'
  | 'NSINIT_ROOTFS'
  | 'NSINIT_STEP'
  | 'NSINIT_UNKNOWN_STEP'
  | 'NSINIT_VERIFY';

/** An error of nsinit itself, with a stable code. */
export class NsinitError extends Error {
  override readonly name: string = 'NsinitError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
recognizeAcrossCopies(NsinitError, 'NsinitError');

/** An option of a step is not what the step takes. */
export class OptionError extends NsinitError {
  override readonly name = 'OptionError';

  constructor(
    /** The option's name. */
    readonly option: string,
    message: string,
  ) {
    super('NSINIT_OPTION', message);
  }
}
recognizeAcrossCopies(OptionError, 'OptionError');

/** The pipeline cannot run as it is: everything that is wrong with it, at once. */
export class PlanError extends NsinitError {
  override readonly name = 'PlanError';

  constructor(readonly problems: readonly string[]) {
    super(
      'NSINIT_PLAN',
      problems.length === 1
        ? `the pipeline cannot run: ${problems[0]}`
        : `the pipeline cannot run:\n${problems.map((problem) => `- ${problem}`).join('\n')}`,
    );
  }
}
recognizeAcrossCopies(PlanError, 'PlanError');

/**
 * What became of the steps before the failed one: taken back, partly taken back, or not to be
 * taken back because the root had been switched.
 */
export type UndoOutcome = 'done' | 'failed' | 'impossible';

/** A step failed. Its cause is what it threw, a SyscallError as a rule. */
export class StepError extends NsinitError {
  override readonly name = 'StepError';

  constructor(
    /** The step's name. */
    readonly step: string,
    readonly undo: UndoOutcome,
    override readonly cause: unknown,
    /** What was thrown while effects were taken back and descriptors closed; it stopped nothing. */
    readonly undoErrors: readonly unknown[] = [],
  ) {
    super('NSINIT_STEP', `step ${step}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
recognizeAcrossCopies(StepError, 'StepError');
