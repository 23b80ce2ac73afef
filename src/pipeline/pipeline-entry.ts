import { prepares } from './prepare.js';
import type { Step, StepClass } from './step.js';

/** A step in a pipeline, with its options already checked. */
export interface PipelineEntry {
  readonly step: StepClass<unknown>;
  readonly options: unknown;
}

/** What a plan says of a step. */
export interface PlannedStep {
  readonly step: string;
  readonly actions: readonly string[];
  readonly switchesRoot: boolean;
  /** It has slow work to do on the host before; a plan does not do it. */
  readonly prepares?: true;
}

/** Describes a step without running it: constructors only keep what they are given. */
export function describeEntry(entry: PipelineEntry, instance: Step<unknown>): PlannedStep {
  const { step, options } = entry;
  const described = instance.describe(options);
  return {
    step: step.stepName,
    actions: typeof described === 'string' ? [described] : described,
    switchesRoot: step.switchesRoot === true,
    ...(prepares(entry) ? { prepares: true } : {}),
  };
}
