import type { CaseOutcome } from './attack-case.js';
import type { Campaign, Result } from './attack-child.js';
import { inOwnNamespace } from './in-own-namespace.js';
import type { RaceOutcome } from './races.js';

/** What came of all attacks. */
export interface CampaignOutcome {
  readonly cases: readonly CaseOutcome[];
  readonly races: readonly RaceOutcome[];
}

export const ATTACK_CHILD = new URL('attack-child.js', import.meta.url);

/** Attacks in a process with a mount namespace of its own. @throws Error when that process fails. */
export function runCampaign(campaign: Omit<Campaign, 'base'>): CampaignOutcome {
  const results = inOwnNamespace(ATTACK_CHILD, campaign)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Result);
  return {
    cases: results.flatMap((result) => (result.kind === 'case' ? [result.outcome] : [])),
    races: results.flatMap((result) => (result.kind === 'race' ? [result.outcome] : [])),
  };
}

/** What was found, a line each. */
export function findings({ cases, races }: CampaignOutcome): string[] {
  return [...cases, ...races].flatMap(({ name, escapes, complaints }) =>
    [...escapes.map((line) => `ESCAPE ${line}`), ...complaints].map((line) => `${name}: ${line}`),
  );
}
