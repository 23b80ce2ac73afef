import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { formatFaultReport, injectFaults, type FaultReport } from '../../src/testing.js';
import { findFaultTargets } from './find-targets.js';

// `npm run faults -- [--json FILE] [--only TEXT]`: fails every call of the presets and the plugins.
const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } });
/** Failures that are printed of a target, and problems of each. */
const SHOWN = 5;
const started = performance.now();
const reports: FaultReport[] = [];
for (const target of await findFaultTargets()) {
  if (values.only !== undefined && !target.name.includes(values.only)) continue;
  const report = injectFaults(target);
  reports.push(report);
  console.log(formatFaultReport(report));
  for (const { step, call, errno, problems } of report.failures.slice(0, SHOWN)) {
    console.log(`  ${step}: ${call}: ${errno}`);
    for (const problem of problems.slice(0, SHOWN)) console.log(`    ${problem}`);
  }
  if (report.failures.length > SHOWN) console.log('  … all of them with --json FILE');
}
const sum = (of: (report: FaultReport) => number): number =>
  reports.reduce((total, report) => total + of(report), 0);
const summary = {
  targets: reports.length,
  calls: sum(({ calls }) => calls),
  errnos: sum(({ errnos }) => errnos),
  cases: sum(({ cases }) => cases),
  failures: sum(({ failures }) => failures.length),
  seconds: Math.round((performance.now() - started) / 100) / 10,
};
console.log(
  `${summary.targets} targets, ${summary.calls} calls, ${summary.errnos} errnos, ` +
    `${summary.cases} cases in ${summary.seconds} s, ${summary.failures} failures`,
);
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ summary, reports }, null, 2)}\n`);
process.exitCode = summary.failures === 0 ? 0 : 1;
