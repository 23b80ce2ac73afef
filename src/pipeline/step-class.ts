import { NsinitError } from './errors.js';
import type { Step, StepClass, View } from './step.js';

const VIEWS: readonly View[] = ['host', 'container', 'either'];

/** Refuses what is no step class. @throws NsinitError `NSINIT_STEP` that says what it lacks. */
export function checkStepClass(given: unknown): asserts given is StepClass<unknown> {
  if (typeof given !== 'function') throw wrong(`a step is a class, and ${nameOf(given)} was given`);
  const { stepName, view, parse } = given as Partial<StepClass<unknown>>;
  const missing = [
    ...(typeof stepName === 'string' ? [] : ['static stepName']),
    ...(view === undefined ? ['static view'] : []),
    ...(typeof parse === 'function' ? [] : ['static parse']),
  ];
  const name = given.name === '' ? 'a class without a name' : `class ${given.name}`;
  if (missing.length > 0) throw wrong(`${name} is no step: it lacks ${missing.join(' and ')}`);
  if (!VIEWS.some((known) => known === view))
    throw wrong(`step ${stepName}: view must be one of ${VIEWS.join(', ')}, not ${String(view)}`);
}

/** The same of what has been made of it: its methods may be fields. @throws NsinitError */
export function checkStep(stepName: string, step: Partial<Step<unknown>>): void {
  const missing = (['describe', 'execute'] as const).find((name) => step[name] === undefined);
  if (missing !== undefined) throw wrong(`step ${stepName}: it lacks the method ${missing}`);
}

function nameOf(given: unknown): string {
  if (typeof given !== 'object' || given === null) return String(given);
  return `an instance of ${given.constructor.name}`;
}

const wrong = (message: string): NsinitError => new NsinitError('NSINIT_STEP', message);
