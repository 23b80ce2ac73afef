import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import * as nsinit from 'nsinit';
import { createPreset, type Observer, type PresetName, type StepClass } from 'nsinit';
import { MockSyscalls } from 'nsinit/testing';
import { PACKAGE } from './documents.js';

const FOLDER = join(PACKAGE, 'docs/reference/steps');

const steps = Object.values(nsinit).filter(
  (exported): exported is StepClass<unknown> & typeof exported =>
    typeof exported === 'function' && 'stepName' in exported && 'parse' in exported,
) as readonly StepClass<unknown>[];

const pageOf = (name: string): string => readFileSync(join(FOLDER, `${name}.md`), 'utf8');

/** The rows of the table below a heading, without its head; cells without their backticks. */
function table(page: string, heading: string): string[][] {
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const first = /(?:^\|.*\n)+/m.exec(section)?.[0] ?? '';
  return first
    .trimEnd()
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}

/** What `parse` reads, with the value it takes where nothing is given; `required` where it insists. */
function optionsOf(step: StepClass<unknown>): Map<string, unknown> {
  const given: Record<string, unknown> = {};
  const asked: string[] = [];
  const input = new Proxy(given, {
    get: (target, name) => {
      if (typeof name === 'string') asked.push(name);
      return Reflect.get(target, name) as unknown;
    },
  });
  for (;;) {
    try {
      const parsed = step.parse(input) as Record<string, unknown>;
      return new Map(asked.map((name) => [name, name in given ? 'required' : parsed[name]]));
    } catch (error) {
      const missing = asked.at(-1);
      if (missing === undefined || missing in given) throw error;
      given[missing] = '/x';
    }
  }
}

/** The calls that each step makes on the model, in all the ways that presets use it. */
function callsByStep(): Map<string, Set<string>> {
  const calls = new Map<string, Set<string>>();
  const observer: Observer = {
    syscall: (step, { call }) => {
      if (!calls.has(step)) calls.set(step, new Set());
      calls.get(step)?.add(call);
    },
    // What is closed after the last step is not that step's.
    stepEnd: () => undefined,
  };
  const mounts = [{ bind: '/etc', target: '/mnt', readonly: true }, { tmpfs: '/tmp' }];
  for (const preset of nsinit.PRESET_NAMES satisfies readonly PresetName[])
    for (const noPivot of [false, true])
      createPreset(preset, { noPivot, mounts, loopDevices: true }).run({
        syscalls: new MockSyscalls(),
        rootfs: '/srv/root',
        force: true,
        observers: [observer],
      });
  calls.get('umask')?.delete('close');
  return calls;
}

describe('the pages of the steps', () => {
  it('are there, one for each step, and for nothing else', () => {
    const names = steps.map(({ stepName }) => stepName).sort();
    const pages = readdirSync(FOLDER)
      .filter((file) => file !== 'README.md')
      .map((file) => file.replace(/\.md$/, ''))
      .sort();
    expect(pages).to.deep.equal(names);
    const index = readFileSync(join(FOLDER, 'README.md'), 'utf8');
    for (const name of names) expect(index).to.include(`[${name}](${name}.md)`);
  });

  for (const step of steps) {
    const { stepName } = step;
    if (!existsSync(join(FOLDER, `${stepName}.md`))) continue;

    it(`${stepName}: names its class, its view and what it comes after`, () => {
      const page = pageOf(stepName);
      expect(page).to.match(new RegExp(`^# ${stepName}\n`));
      expect(page).to.include(`| class | \`${step.name}\` |`);
      const tree = step.view === 'either' ? 'either tree' : `the ${step.view}'s tree`;
      expect(page).to.include(`| works on | ${tree} |`);
      const after = (step.after ?? []).map((name) => `\`${name}\``).join(', ');
      expect(page).to.include(
        `| comes after | ${after === '' ? 'nothing in particular' : after} |`,
      );
      for (const heading of ['Options', 'Calls', 'Undo', 'Errors'])
        expect(page).to.include(`\n## ${heading}\n`);
    });

    it(`${stepName}: has its options, their defaults and its fallbacks`, () => {
      const page = pageOf(stepName);
      const documented = table(page, 'Options').map(([name = '', , otherwise = '']) => [
        name.replaceAll('`', ''),
        otherwise.replaceAll('`', ''),
      ]);
      const actual = [...optionsOf(step)].map(([name, value]) => [
        name,
        value === 'required' ? value : value === undefined ? 'none' : JSON.stringify(value),
      ]);
      expect(Object.fromEntries(documented)).to.deep.equal(Object.fromEntries(actual));
      const fallbacks = table(page, 'Fallbacks').map(([name = '']) => name.replaceAll('`', ''));
      expect(fallbacks).to.deep.equal(Object.keys(step.fallbacks ?? {}));
    });
  }

  it('name every call that a step makes on the model', () => {
    const missing = [...callsByStep()]
      .filter(([stepName]) => stepName !== '')
      .flatMap(([stepName, calls]) =>
        [...calls]
          .filter((call) => !pageOf(stepName).includes(`\`${call}\``))
          .map((call) => `${stepName}.md does not name ${call}`),
      );
    expect(missing).to.deep.equal([]);
  });
});
