import type { SoakOutcome } from './soak-child.js';

/** MiB that the memory of a process goes up and down by without a leak. */
const ROOM = { rss: 24, heap: 4 };

/** What there is more of after a soak. */
export function leaksOf({ before, after }: SoakOutcome): string[] {
  const exact = (['descriptors', 'mounts', 'threads', 'children'] as const).filter(
    (name) => after[name] > before[name],
  );
  const roomy = (['rss', 'heap'] as const).filter(
    (name) => after[name] > before[name] + ROOM[name],
  );
  return [...exact, ...roomy].map((name) => `leak: ${name} from ${before[name]} to ${after[name]}`);
}
