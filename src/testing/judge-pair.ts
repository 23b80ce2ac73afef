import { StepError } from '../pipeline/errors.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import { causeOf, type Fault, type Trial } from './fault-trial.js';
import { differences, names } from './judge-fault.js';

/**
 * Judges a run in which a call failed, and then one of those that take back and clean up.
 *
 * @param single the run in which only the first failed.
 */
export function judgePair(
  single: Trial,
  firstIndex: number,
  second: Fault,
  trial: Trial,
): string[] {
  const injected = trial.calls[second.index]?.error;
  if (!(injected instanceof SyscallError) || injected.code !== second.errno)
    return ['the run is not the same each time: the second call was not reached'];
  const first = single.calls[firstIndex]?.error;
  const { error } = trial;
  if (!(error instanceof StepError) || !(first instanceof SyscallError))
    return [`no StepError: ${String(error)}`];
  const problems: string[] = [];
  if (!names(causeOf(error), first))
    problems.push(`the first error is not told, but ${error.message}`);
  // Clean-up of the step that failed: what close(2) answers changes nothing, and what the cause
  // would have been told by leaves the hint out.
  if (single.undoAt === undefined || second.index < single.undoAt)
    return [...problems, ...differences(single.after, trial.after)];
  if (!error.undoErrors.includes(injected)) problems.push('the error inside undo is not told');
  const afterUndo = second.index >= (single.undoMarks.at(-1) ?? 0);
  if (afterUndo) return [...problems, ...differences(single.after, trial.after)];
  if (error.undo !== 'failed') problems.push(`undo is ${error.undo}, and should be failed`);
  return [
    ...problems,
    ...callsLeftOut(single, trial).map((call) => `was not made any more: ${call}`),
    ...differences(single.after, trial.after, (line) => line.startsWith('descriptor ')),
  ];
}

/** Calls of undos that did not fail themselves, and were not made all the same. */
function callsLeftOut(single: Trial, trial: Trial): string[] {
  const undos = single.undoMarks.slice(0, -1);
  return undos.flatMap((start, undo) => {
    const wanted = single.traced.slice(start, single.undoMarks[undo + 1]);
    const [from, to] = [trial.undoMarks[undo] ?? Infinity, trial.undoMarks[undo + 1]];
    if (trial.calls.slice(from, to).some(({ error }) => error !== undefined)) return [];
    const made = trial.traced.slice(from, to);
    return wanted.filter((call) => !made.includes(call));
  });
}
