/** A ratio of two rows of a section, and what it should be. */
const ratio = (section, row, other, limit, goal) => ({ section, row, other, limit, goal });

/** What nsinit is measured by. Ratios of medians of one run; a row that is missing is not judged. */
const GOALS = [
  ratio('set-up', 'nsinit, standard', /^C, standard/, 1.25, 'set-up alone, standard, against C'),
  ratio('set-up', 'nsinit, classic', /^C, classic/, 1.25, 'set-up alone, classic, against C'),
  ratio('launch', 'nsinit, pooled', /^bwrap$/, 0.35, 'pooled launch against bwrap'),
  ratio('launch', 'nsinit, pooled', /^runc run$/, 0.06, 'pooled launch against runc'),
  ratio('launch', 'nsinit, pooled', /^bare spawn$/, 0.8, 'pooled launch against a bare spawn'),
  ratio(
    'launch',
    'nsinit, pooled, hardened',
    /^bwrap --cap-drop ALL$/,
    0.4,
    'hardened pooled launch against bwrap --cap-drop ALL',
  ),
  ratio('launch', 'nsinit, launch()', /^bwrap$/, 1, 'launch() without a pool against bwrap'),
  ratio('command', 'nsinit run', /^runc run$/, 1.6, 'nsinit run against runc run'),
  ratio(
    'command',
    'nsinit run, rootless',
    /^runc run$/,
    3,
    'nsinit run, rootless, against runc run',
  ),
  {
    ...ratio('throughput', 'nsinit, pooled, 2 at a time', /^bwrap, 2 at a time$/, 1.5),
    atLeast: true,
    goal: 'throughput, 2 at a time, against bwrap',
  },
  ratio(
    'growth',
    'nsinit, 1000 bind mounts',
    /^C, 1000 bind mounts$/,
    1.5,
    '1,000 bind mounts against C',
  ),
];

/** Holds what was measured to the goals. */
export function judge(sections) {
  return GOALS.flatMap(({ section, row, other, limit, goal, atLeast = false }) => {
    const rows = sections[section]?.rows ?? [];
    const own = rows.find(({ name }) => name === row);
    const against = rows.find(({ name }) => other.test(name));
    if (own === undefined || against === undefined) return [];
    const value = own.value / against.value;
    return [{ goal, value, limit, atLeast, holds: atLeast ? value >= limit : value <= limit }];
  });
}
