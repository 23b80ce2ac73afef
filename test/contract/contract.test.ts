import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { ALL_CASES } from './cases/all.js';
import type { ContractCase, Outcome } from './contract-case.js';
import { childCommand } from './child-command.js';
import { runOnModel } from './run-model.js';
import type { Caller } from './world.js';

const CALLERS: readonly Caller[] = ['root', 'user-namespace', 'own-namespaces'];

interface RealRun {
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** Why the kernel could not be asked. */
  readonly unavailable?: string;
}

function askKernel(caller: Caller): RealRun {
  const isolated = casesFor(caller).filter((one) => one.isolated === true);
  const runs = [runChild(caller), ...isolated.map((one) => runChild(caller, one.name))];
  const outcomes = new Map(runs.flatMap((run) => [...run.outcomes]));
  return { ...runs[0], outcomes };
}

function runChild(caller: Caller, ...only: string[]): RealRun {
  const command = childCommand(caller, new URL('./real-child.js', import.meta.url), ...only);
  if ('unavailable' in command) return { outcomes: new Map(), unavailable: command.unavailable };
  const child = spawnSync(command.file, command.args, {
    encoding: 'utf8',
    env: command.env,
    maxBuffer: 1 << 28,
  });
  if (child.status !== 0)
    throw new Error(
      `the kernel's side of the contract ended with ${child.status}: ${child.stderr}`,
    );
  const lines = child.stdout.split('\n').filter((line) => line !== '');
  const parsed = lines.map((line) => JSON.parse(line) as { name: string; outcome: Outcome });
  return { outcomes: new Map(parsed.map(({ name, outcome }) => [name, outcome])) };
}

const casesFor = (caller: Caller): readonly ContractCase[] =>
  ALL_CASES.filter((one) => (one.caller ?? caller) === caller);

describe('the contract of model and kernel', () => {
  for (const caller of CALLERS) {
    describe(`as ${caller}`, () => {
      let real: RealRun;

      before(function () {
        this.timeout(120_000);
        real = askKernel(caller);
      });

      for (const contractCase of casesFor(caller)) {
        it(contractCase.name, function () {
          const model = runOnModel(contractCase, caller);
          if (model.complaint !== undefined) expect.fail(`on the model, ${model.complaint}`);
          if (real.unavailable !== undefined) {
            console.log(`      (held against the model only: ${real.unavailable})`);
            this.skip();
          }
          expect(model).to.deep.equal(real.outcomes.get(contractCase.name));
        });
      }
    });
  }
});
