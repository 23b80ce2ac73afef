import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { formatFaultReport, injectFaults, type FaultReport } from '../../src/testing.js';
import { findFaultTargets } from './find-targets.js';

// `npm run faults -- [--json FILE] [--only TEXT]`: fails every call of the presets and the plugins,
// in as many threads as there are processors.

/** Goes through one target after the other, by their places in the list. */
async function serve(): Promise<void> {
  const targets = await findFaultTargets();
  parentPort?.on('message', (index: number) => {
    const target = targets[index];
    if (target !== undefined) parentPort?.postMessage(injectFaults(target));
  });
}

async function goThrough(only: string): Promise<FaultReport[]> {
  const targets = await findFaultTargets();
  const waiting = targets
    .map((_, index) => index)
    .filter((index) => targets[index]?.name.includes(only));
  const reports: FaultReport[] = [];
  const threads = Array.from({ length: Math.min(availableParallelism(), waiting.length) }, () => {
    const worker = new Worker(new URL(import.meta.url));
    return new Promise<void>((resolve, reject) => {
      const next = (): void => {
        const index = waiting.shift();
        if (index === undefined) void worker.terminate().then(() => resolve());
        else worker.postMessage(index);
      };
      worker.on('error', reject);
      worker.on('message', (report: FaultReport) => {
        console.log(formatFaultReport(report));
        reports.push(report);
        next();
      });
      next();
    });
  });
  await Promise.all(threads);
  return reports;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } });
  const started = performance.now();
  const reports = await goThrough(values.only ?? '');
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
}

if (isMainThread) await main();
else await serve();
