import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { ReplayEnd, SetUps } from './attack-case.js';
import { findings, runCampaign, type CampaignOutcome } from './campaign.js';

// npm run attacks [-- --rounds N --json FILE]

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '20000' }, json: { type: 'string' } },
});
const live = attack('live');
const replayed = attack('replayed');
const found = [...findings(live), ...findings(replayed)];
for (const line of found) console.log(line);
console.log([describe(live.summary), describeReplayed(replayed.summary)].join('\n'));
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ live, replayed }, undefined, 1)}\n`);
const isControlled = live.summary.control > 0 && replayed.summary.control > 0;
process.exitCode = found.length === 0 && isControlled ? 0 : 1;

type Summary = ReturnType<typeof summarize> & { readonly control: number };

function attack(setUps: SetUps): CampaignOutcome & { readonly summary: Summary } {
  const outcome = runCampaign({ setUps, against: 'all', rounds: Number(values.rounds) });
  const naive = { cases: '/data', rounds: 0, naive: true } as const;
  const control = countEscapes(runCampaign({ setUps, against: 'all', ...naive }));
  return { summary: { ...summarize(outcome), control }, ...outcome };
}

function summarize({ cases, races }: CampaignOutcome) {
  const total = (pick: (race: CampaignOutcome['races'][number]) => number): number =>
    races.reduce((sum, each) => sum + pick(each), 0);
  const count = (end: ReplayEnd): number => cases.filter(({ replay }) => replay === end).length;
  return {
    cases: cases.length,
    refused: cases.filter(({ error }) => error !== undefined).length,
    casesFinished: count('finished'),
    casesInterrupted: count('interrupted'),
    races: races.length,
    rounds: total(({ rounds }) => rounds),
    roundsRefused: total(({ rounds, succeeded }) => rounds - succeeded),
    roundsFinished: total(({ replays }) => replays.finished),
    roundsInterrupted: total(({ replays }) => replays.interrupted),
    exchanges: total(({ exchanges }) => exchanges),
    escapes: countEscapes({ cases, races }),
  };
}

function countEscapes({ cases, races }: CampaignOutcome): number {
  return [...cases, ...races].reduce((sum, { escapes }) => sum + escapes.length, 0);
}

function describe(figures: Summary): string {
  return [
    `${figures.cases} cases, ${figures.refused} of them ended in an error that names the path, the others in success`,
    `${figures.rounds} racing rounds (pipelines run while a name is exchanged) on ${figures.races} names, ${figures.roundsRefused} refused; ${figures.exchanges} exchanges`,
    `the control, a step that checks and then uses a path, was escaped from ${figures.control} times`,
    `${figures.escapes} escapes`,
  ].join('\n');
}

function describeReplayed(figures: Summary): string {
  return [
    'of set-ups that were replayed before:',
    describe(figures),
    `in ${figures.casesInterrupted} cases the replay was interrupted at the shape, in ${figures.casesFinished} it went to its end, as what it looks at was the same`,
    `${figures.roundsFinished} racing rounds were replayed to their end, ${figures.roundsInterrupted} interrupted, in the others the steps ran`,
  ].join('\n');
}
