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

/** The same order of rounds in each run of a benchmark: mulberry32, a seeded generator. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled(values, random) {
  const mixed = [...values];
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other], mixed[last]];
  }
  return mixed;
}

/**
 * Runs subjects in turn, round after round, so that what else happens on the machine meets them all.
 * Each round has another order: whoever always followed the heaviest would always find cold caches.
 *
 * @param subjects name to an asynchronous function; it may return a time in ms, else it is timed.
 * @returns name to times in ms, without the first rounds.
 */
export async function interleave(subjects, { rounds, warmUp = Math.ceil(rounds / 10), before }) {
  const times = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  const random = seeded(20_141_130);
  for (let round = 0; round < rounds + warmUp; round += 1) {
    for (const [name, subject] of shuffled(Object.entries(subjects), random)) {
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
