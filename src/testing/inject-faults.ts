import { StepError } from '../pipeline/errors.js';
import { CALL_ERRNOS } from '../syscalls/call-errnos.js';
import type { ErrnoName } from '../syscalls/errno.js';
import type { AbsorbedFault, FaultFailure, FaultReport, FaultTarget } from './fault-target.js';
import { stepAt, tryOut, type Fault, type Trial } from './fault-trial.js';
import { hostDifferences, judgeFault } from './judge-fault.js';
import { judgePair } from './judge-pair.js';

/**
 * Runs a pipeline on the modelled kernel again and again, and lets each of its calls fail once with
 * every errno that its manual page lists (`CALL_ERRNOS`), calls of undo included.
 *
 * After each run it is checked that the error names the step, the call, its arguments and the
 * errno; that undo is `done` before the root switch and `impossible` after; that umask, directory
 * and descriptors are what they were; that no file, node, link, directory or mount is left that
 * was not there, and none is missing. An error may be passed over only by a declared fallback,
 * which has to be in the report, or a declared tolerance.
 *
 * @throws Error when the pipeline fails without a fault, or does not make the same calls each time.
 */
export function injectFaults(
  target: FaultTarget,
  { pairs = true }: FaultInjectionOptions = {},
): FaultReport {
  return new FaultInjection(target, pairs).report();
}

/** How far the injection goes. */
export interface FaultInjectionOptions {
  /** Whether calls of undo and clean-up fail too, after the first; yes unless told otherwise. */
  readonly pairs?: boolean;
}

class FaultInjection {
  readonly #good: Trial;
  readonly #failures: FaultFailure[] = [];
  readonly #absorbed: AbsorbedFault[] = [];
  readonly #paired = new Set<string>();
  #cases = 0;
  #errnos = 0;

  constructor(
    private readonly target: FaultTarget,
    private readonly pairs: boolean,
  ) {
    this.#good = tryOut(target, { trace: true });
    const cause = this.#good.error;
    if (cause !== undefined) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${target.name} fails without a fault: ${why}`, { cause });
    }
    const outside = hostDifferences(target, this.#good);
    if (outside.length > 0) this.#fail(-1, [], [...outside, ...explainSpread(outside)]);
  }

  report(): FaultReport {
    // What is left without a fault would be told again of each.
    if (this.#failures.length === 0) this.#good.calls.forEach((_, index) => this.#failCall(index));
    return {
      name: this.target.name,
      calls: this.#good.calls.length,
      errnos: this.#errnos,
      cases: this.#cases,
      absorbed: this.#absorbed,
      failures: this.#failures,
    };
  }

  #failCall(index: number): void {
    const { name } = this.#good.calls[index] ?? { name: 'umask' };
    const step = stepAt(this.#good, index)?.step ?? '';
    const all = this.target.focus?.includes(step) ?? true;
    const errnos = all ? CALL_ERRNOS[name] : [plainErrno(CALL_ERRNOS[name])];
    let fatal: ErrnoName | undefined;
    for (const errno of errnos) {
      if (errno === undefined) continue;
      const fault = { index, errno };
      const absorbed = this.#failOnce(fault, step);
      if (!absorbed) fatal = errno;
    }
    if (fatal !== undefined && this.pairs) this.#failPairs({ index, errno: fatal }, step);
  }

  /** @returns whether the run went on after it. */
  #failOnce(fault: Fault, step: string): boolean {
    const { target } = this;
    const trial = this.#try([fault]);
    this.#errnos += 1;
    const { problems, absorbedBy } = judgeFault(target, this.#good, fault, trial);
    if (problems.length > 0) this.#fail(fault.index, [fault], problems);
    if (absorbedBy === undefined) return false;
    const call = this.#good.calls[fault.index]?.name ?? 'umask';
    this.#absorbed.push({ step, call, errno: fault.errno, by: absorbedBy });
    if (absorbedBy.startsWith('fallback ')) this.#forbidFallback(fault);
    return true;
  }

  #forbidFallback(fault: Fault): void {
    // A run that cannot do without one on this machine would fail before.
    if ((this.#good.report?.fallbacks.length ?? 0) > 0) return;
    const trial = this.#try([fault], { noFallbacks: true });
    const { problems, absorbedBy } = judgeFault(this.target, this.#good, fault, trial);
    const taken = absorbedBy === undefined ? [] : ['the fallback was taken, and was forbidden'];
    if (problems.length + taken.length > 0)
      this.#fail(fault.index, [fault], [...problems, ...taken]);
  }

  /** Fails also each call that is made after the first error: those of undo, and of clean-up. */
  #failPairs(first: Fault, step: string): void {
    const single = this.#try([first], { trace: true });
    this.#cases -= 1;
    if (!(single.error instanceof StepError)) return;
    for (let index = first.index + 1; index < single.calls.length; index += 1) {
      const key = `${step} ${single.traced[index]}`;
      if (this.#paired.has(key)) continue;
      this.#paired.add(key);
      const errno = plainErrno(CALL_ERRNOS[single.calls[index]?.name ?? 'umask']);
      if (errno === undefined) continue;
      const second = { index, errno };
      const problems = judgePair(
        single,
        first.index,
        second,
        this.#try([first, second], { trace: true }),
      );
      if (problems.length > 0) this.#fail(first.index, [first, second], problems, single);
    }
  }

  #try(faults: readonly Fault[], options: { noFallbacks?: boolean; trace?: boolean } = {}): Trial {
    this.#cases += 1;
    return tryOut(this.target, { faults, ...options });
  }

  #fail(
    index: number,
    faults: readonly Fault[],
    problems: readonly string[],
    { traced } = this.#good,
  ): void {
    this.#failures.push({
      step: stepAt(this.#good, index)?.step ?? '',
      call: faults.map((fault) => traced[fault.index]).join(' and '),
      errno: faults.map(({ errno }) => errno).join(' and '),
      problems,
    });
  }
}

function explainSpread(outside: readonly string[]): string[] {
  return outside.some((line) => line.startsWith('left over: mount of namespace'))
    ? ['what is mounted spreads to the machine: the pipeline lacks PropagationStep before it']
    : [];
}

/** One that has no meaning of its own to whoever makes the call. */
function plainErrno(errnos: readonly ErrnoName[]): ErrnoName | undefined {
  return (
    errnos.find((errno) => errno === 'EIO') ??
    errnos.find((errno) => errno === 'ENOMEM') ??
    errnos[0]
  );
}

/** How many failures are told, and problems of each. */
const SHOWN = 5;

/** A line about a report, and below it what has failed, the first five of each, for people. */
export function formatFaultReport({ name, calls, errnos, cases, failures }: FaultReport): string {
  const lines = [
    `${name}: ${calls} calls, ${errnos} errnos, ${cases} cases, ${failures.length} failures`,
  ];
  for (const { step, call, errno, problems } of failures.slice(0, SHOWN)) {
    lines.push(call === '' ? '  without a fault' : `  ${step}: ${call}: ${errno}`);
    lines.push(...problems.slice(0, SHOWN).map((problem) => `    ${problem}`));
    if (problems.length > SHOWN) lines.push(`    … and ${problems.length - SHOWN} more`);
  }
  if (failures.length > SHOWN) lines.push(`  … and ${failures.length - SHOWN} more`);
  return lines.join('\n');
}
