// npm run strangers [-- --node 20,22,24 --json FILE]: the stranger's test with several versions of
// Node, the checks of the package by others, and what is said where a part is missing.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { expect } from 'chai';
import { STAGES } from './stages.js';
import {
  BUSYBOX,
  makeFolder,
  npmInstall,
  pack,
  run,
  StrangersProject,
} from './strangers-project.js';

interface Result {
  readonly stage: string;
  readonly node: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly seconds: number;
  readonly error?: string;
}

const { values } = parseArgs({
  options: { node: { type: 'string', default: '20,22,24' }, json: { type: 'string' } },
});
const results: Result[] = [];

async function stage(
  name: string,
  node: string,
  check: (() => void | Promise<void>) | undefined,
): Promise<void> {
  const started = performance.now();
  let outcome: Result['outcome'] = check === undefined ? 'skipped' : 'passed';
  let error: string | undefined;
  try {
    await check?.();
  } catch (thrown) {
    outcome = 'failed';
    error = thrown instanceof Error ? thrown.message : String(thrown);
  }
  const seconds = Math.round((performance.now() - started) / 10) / 100;
  results.push({ stage: name, node, outcome, seconds, ...(error === undefined ? {} : { error }) });
  console.log(
    `${outcome} node ${node}: ${name} (${seconds} s)${error === undefined ? '' : `\n${error}`}`,
  );
}

/** Node of several versions, from the registry's packages of its binaries. */
function installNodes(top: string, versions: readonly string[]): Map<string, string> {
  const folder = join(top, 'nodes');
  mkdirSync(folder);
  const name = `node-linux-${process.arch}`;
  npmInstall(
    folder,
    versions.map((version) => `node${version}@npm:${name}@${version}`),
  );
  return new Map(
    versions.map((version) => {
      const node = join(folder, `node_modules/node${version}/bin/node`);
      return [run([node, '--version'], { cwd: folder }).stdout.trim().slice(1), node] as const;
    }),
  );
}

function emptyFolder({ tarball }: StrangersProject, name: string, ...options: string[]): string {
  const folder = join(dirname(tarball), name);
  mkdirSync(folder);
  npmInstall(folder, [tarball, ...options]);
  return folder;
}

const top = makeFolder();
try {
  const project = StrangersProject.create(pack(top).tarball);
  const able = process.geteuid?.() === 0 && existsSync(BUSYBOX);
  const nodes = installNodes(top, values.node.split(','));
  for (const [version, node] of nodes) {
    for (const { name, needs, check } of STAGES)
      await stage(
        name,
        version,
        needs === 'root' && !able ? undefined : () => check(project, node),
      );
  }
  const own = process.versions.node;
  await stage('installs into an empty folder, and runs by npx', own, () => {
    const cwd = emptyFolder(project, 'empty');
    expect(run(['npx', 'nsinit', '--version'], { cwd }).stdout).to.match(/^\d+\.\d+\.\d+\n$/);
    if (!able) return;
    expect(run(['npx', 'nsinit', 'run', '--', 'echo', 'hello'], { cwd }).stdout).to.equal(
      'hello\n',
    );
  });
  await stage('says what is missing without optional packages', own, () => {
    const cwd = emptyFolder(project, 'bare', '--omit=optional', '--ignore-scripts');
    const program = "import { LinuxSyscalls } from 'nsinit'; new LinuxSyscalls().getcwd();";
    const args = [process.execPath, '--input-type=module', '-e', program];
    expect(run(args, { cwd, wanted: 1 }).stderr).to.include('without --omit=optional');
  });
  await stage('is in order for publint', own, () => {
    run(['npx', 'publint', '--strict', project.tarball], { cwd: '.' });
  });
  await stage('has types for every resolution (attw)', own, () => {
    const attw = ['--yes', '-p', '@arethetypeswrong/cli@0.18', 'attw'];
    run(['npx', ...attw, project.tarball, '--profile', 'esm-only', '--no-color'], { cwd: '.' });
  });
} finally {
  rmSync(top, { recursive: true, force: true });
}
const count = (outcome: Result['outcome']): number =>
  results.filter((result) => result.outcome === outcome).length;
console.log(
  `strangers: ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`,
);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
process.exitCode = count('failed') === 0 ? 0 : 1;
