/** The value in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

/** Below which a share of the values lies. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/**
 * Runs subjects in turn, round after round, so that what else happens on the machine meets them all.
 *
 * @param subjects name to an asynchronous function; it may return a time in ms, else it is timed.
 * @returns name to times in ms, without the first rounds.
 */
export async function interleave(subjects, { rounds, warmUp = Math.ceil(rounds / 10), before }) {
  const times = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  for (let round = 0; round < rounds + warmUp; round += 1) {
    for (const [name, subject] of Object.entries(subjects)) {
      await before?.(name);
      const started = performance.now();
      const own = await subject();
      const time = typeof own === 'number' ? own : performance.now() - started;
      if (round >= warmUp) times[name].push(time);
    }
  }
  return times;
}

/** Medians of what `interleave` returned. */
export function medians(times) {
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
}
