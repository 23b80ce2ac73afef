import { NsinitError, StepError } from '../pipeline/errors.js';
import type { StepClass, Tolerance } from '../pipeline/step.js';
import type { ErrnoName } from '../syscalls/errno.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import type { FaultTarget } from './fault-target.js';
import { causeOf, stepAt, type Fault, type Trial } from './fault-trial.js';

/** Errors that mean no failure to RootDir, whichever step uses it. */
const ROOT_DIR_TOLERATES: readonly Tolerance[] = [
  { call: 'mkdirat', errnos: ['EEXIST'], because: 'the directory is there already' },
  { call: 'openat2', errnos: ['ENOENT'], because: 'what is missing is made' },
  {
    call: 'openat2',
    errnos: ['EAGAIN'],
    because: 'something was renamed on the way, and the path is resolved again',
  },
  { call: 'symlinkat', errnos: ['EEXIST'], because: 'what is in the place is removed first' },
  { call: 'unlinkat', errnos: ['ENOENT'], because: 'there is nothing to remove' },
  { call: 'statx', errnos: ['ENOENT'], because: 'there is nothing to remove' },
];

/** What may not differ between two moments, and does. */
export function differences(
  before: readonly string[],
  after: readonly string[],
  matters: (line: string) => boolean = () => true,
): string[] {
  const left = new Map<string, number>();
  for (const line of before) left.set(line, (left.get(line) ?? 0) + 1);
  const added: string[] = [];
  for (const line of after) {
    const count = left.get(line) ?? 0;
    if (count === 0) added.push(`left over: ${line}`);
    else if (count === 1) left.delete(line);
    else left.set(line, count - 1);
  }
  const missing = [...left.keys()].map((line) => `missing: ${line}`);
  return [...added, ...missing].filter((line) => matters(line.slice(line.indexOf(': ') + 2)));
}

/** What of the host differs, which no run may change, whatever became of it. */
export function hostDifferences(target: FaultTarget, { before, after }: Trial): string[] {
  const root = target.rootfs ?? '/srv/root';
  const isOfHost = (line: string): boolean => {
    if (line.startsWith('descriptor ') || line.startsWith('mount of namespace')) return true;
    const path = /^file (?!tmpfs|devpts|mqueue|overlay)\S+ \S+ (\S+)/.exec(line)?.[1];
    return path !== undefined && path !== root && !path.startsWith(`${root}/`);
  };
  return differences(before.map(withoutPath), after.map(withoutPath), isOfHost);
}

// After the root switch a descriptor of the host has another path, or none.
const withoutPath = (line: string): string => line.replace(/^(descriptor \d+) .*/, '$1');

/** Why a run may go on after an error. */
function permission(good: Trial, { index, errno }: Fault, trial: Trial): string | undefined {
  const call = good.calls[index]?.name;
  const step = stepAt(good, index)?.step;
  if (step === undefined)
    return call === 'readlinkat' ? 'the first process may not be looked at' : undefined;
  const known = (list: readonly Tolerance[]): string | undefined =>
    list.find((entry) => entry.call === call && entry.errnos.includes(errno))?.because;
  if (call === 'close' && trial.report?.closeErrors.length === 1) return AT_THE_END;
  if (isCleanUp(good, index)) return CLEAN_UP;
  return (
    fallbackFor(trial, step, errno) ??
    known(stepClassOf(trial, step)?.tolerates ?? []) ??
    known(ROOT_DIR_TOLERATES)
  );
}

const CLEAN_UP = 'made after another call had failed, whose error counts';

/** Calls by which a step closes what a failed call was made with, and asks what the kernel says. */
function isCleanUp({ calls }: Trial, index: number): boolean {
  const isCloseOrRead = (at: number): boolean =>
    calls[at]?.name === 'close' || calls[at]?.name === 'read';
  let at = index;
  while (isCloseOrRead(at)) at -= 1;
  return at < index && calls[at]?.error !== undefined;
}

const AT_THE_END = 'closed all the same, and in the report';

/** Where the run went on to its end the fallback has to be in its report. */
function fallbackFor(trial: Trial, step: string, errno: ErrnoName): string | undefined {
  const taken = trial.report?.fallbacks.filter((fallback) => fallback.step === step);
  const declared = Object.entries(stepClassOf(trial, step)?.fallbacks ?? {}).find(
    ([name, { when }]) =>
      when.includes(errno) && (taken?.some(({ fallback }) => fallback === name) ?? true),
  );
  return declared && `fallback ${declared[0]}`;
}

const stepClassOf = ({ pipeline }: Trial, step: string): StepClass<unknown> | undefined =>
  pipeline.steps.find(({ stepName }) => stepName === step);

/** What a run with one fault came to. */
export interface Judgement {
  readonly problems: readonly string[];
  /** Why it went on after the error, if it did. */
  readonly absorbedBy?: string;
}

/** Judges a run in which one call failed. */
export function judgeFault(
  target: FaultTarget,
  good: Trial,
  fault: Fault,
  trial: Trial,
): Judgement {
  const injected = trial.calls[fault.index]?.error;
  if (!(injected instanceof SyscallError) || injected.code !== fault.errno)
    return { problems: ['the run is not the same each time: the call was not reached'] };
  const problems = hostDifferences(target, trial);
  const told = causeOf(trial.error);
  if (trial.error !== undefined && names(told, injected)) {
    return { problems: [...problems, ...judgeFailure(good, fault.index, trial)] };
  }
  const by = permission(good, fault, trial);
  if (by === undefined) return { problems: [...problems, ignored(trial.error)] };
  if (trial.error !== undefined) {
    return { absorbedBy: by, problems: [...problems, ...judgeLaterFailure(good, trial)] };
  }
  return { absorbedBy: by, problems: [...problems, ...judgeSuccess(good, trial, by)] };
}

/** Whether an error is the given one, has a hint to it, or tells it among others. */
export function names(told: unknown, { syscall, args, code, message }: SyscallError): boolean {
  if (!(told instanceof Error)) return false;
  return (
    told.message.includes(message) ||
    told.message.includes(`${syscall}(${args.join(', ')}): ${code}`)
  );
}

const ignored = (error: unknown): string =>
  error === undefined
    ? 'the error was passed over: throw it on, or declare it in "static fallbacks" or "static tolerates"'
    : `another error was thrown: ${error instanceof Error ? error.stack : String(error)}`;

/** A run that failed with the error of the call that failed. */
export function judgeFailure(good: Trial, index: number, trial: Trial): string[] {
  const mark = stepAt(good, index);
  const problems: string[] = [];
  if (mark === undefined) return differences(trial.before, trial.after);
  if (!(trial.error instanceof StepError)) return [`no StepError: ${String(trial.error)}`];
  const { step, undo, undoErrors } = trial.error;
  if (step !== mark.step) problems.push(`the error names step ${step}, and it was ${mark.step}`);
  for (const error of undoErrors) problems.push(`an undo failed: ${String(error)}`);
  const switched = good.switchedAt !== undefined && index >= good.switchedAt;
  const wanted = switched ? 'impossible' : 'done';
  if (undo !== wanted) problems.push(`undo is ${undo}, and should be ${wanted}`);
  if (!switched) return [...problems, ...differences(trial.before, trial.after)];
  if (trial.umask !== mark.umask)
    problems.push(`the umask is 0${trial.umask.toString(8)}, and was 0${mark.umask.toString(8)}`);
  return problems;
}

/** A run that went on after the error and failed with a later one. */
function judgeLaterFailure(good: Trial, trial: Trial): string[] {
  const told = causeOf(trial.error);
  const index = trial.calls.findIndex(
    ({ error }) => error instanceof SyscallError && names(told, error),
  );
  if (index < 0 && !(told instanceof NsinitError)) return [ignored(trial.error)];
  if (!(trial.error instanceof StepError)) return [ignored(trial.error)];
  const problems = trial.error.undoErrors.map((error) => `an undo failed: ${String(error)}`);
  if (trial.switchedAt !== undefined) return problems;
  return [...problems, ...differences(trial.before, trial.after)];
}

/** A run that went on after the error to its end. */
function judgeSuccess(good: Trial, trial: Trial, by: string): string[] {
  const problems: string[] = [];
  if (trial.umask !== good.umask) problems.push('the umask is not that of a run without faults');
  const harmless =
    by === AT_THE_END ||
    by === CLEAN_UP ||
    ROOT_DIR_TOLERATES.some(({ because }) => because === by);
  return harmless ? [...problems, ...differences(good.after, trial.after)] : problems;
}
