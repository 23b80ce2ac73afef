import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findings, runCampaign, type CampaignOutcome } from './campaign.js';

// npm run attacks [-- --rounds N --json FILE]

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '20000' }, json: { type: 'string' } },
});
const outcome = runCampaign({ against: 'all', rounds: Number(values.rounds) });
const control = runCampaign({ against: 'all', cases: '/data', rounds: 0, naive: true });
const found = findings(outcome);
for (const line of found) console.log(line);
const summary = { ...summarize(outcome), control: countEscapes(control) };
console.log(describe(summary));
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ summary, ...outcome }, undefined, 1)}\n`);
process.exitCode = found.length === 0 && summary.control > 0 ? 0 : 1;

function summarize({ cases, races }: CampaignOutcome): Record<string, number> & {
  readonly escapes: number;
} {
  const total = (pick: (race: CampaignOutcome['races'][number]) => number): number =>
    races.reduce((sum, each) => sum + pick(each), 0);
  return {
    cases: cases.length,
    refused: cases.filter(({ error }) => error !== undefined).length,
    races: races.length,
    rounds: total(({ rounds }) => rounds),
    roundsRefused: total(({ rounds, succeeded }) => rounds - succeeded),
    exchanges: total(({ exchanges }) => exchanges),
    escapes: countEscapes({ cases, races }),
  };
}

function countEscapes({ cases, races }: CampaignOutcome): number {
  return [...cases, ...races].reduce((sum, { escapes }) => sum + escapes.length, 0);
}

function describe(figures: Readonly<Record<string, number>>): string {
  return [
    `${figures.cases} cases, ${figures.refused} of them ended in an error that names the path, the others in success`,
    `${figures.rounds} racing rounds (pipelines run while a name is exchanged) on ${figures.races} names, ${figures.roundsRefused} refused; ${figures.exchanges} exchanges`,
    `the control, a step that checks and then uses a path, was escaped from ${figures.control} times`,
    `${figures.escapes} escapes`,
  ].join('\n');
}
