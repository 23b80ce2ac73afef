import { expect } from 'chai';
import fc from 'fast-check';
import { plainOptionsOf } from '../../src/cli/plain-options.js';
import { parsePlainRun } from '../../src/cli/plain-run.js';
import { createProgram } from '../../src/cli/program.js';

const runOf = () => {
  const program = createProgram('1.2.3', () => undefined, 'run');
  const [run] = program.commands;
  if (run === undefined) throw new Error('there is no run');
  return { program, run };
};
const options = plainOptionsOf(runOf().run);

/** What commander makes of a command line. */
function parsedByCommander(args: readonly string[]): unknown {
  const { program, run } = runOf();
  let parsed: unknown;
  run.action((command: string[], given: object) => {
    parsed = { command, given };
  });
  program.parse(['node', 'nsinit', ...args]);
  return parsed;
}

describe('a plain command line', () => {
  it('is understood as commander understands it', () => {
    const words = ['--', '-', '-x', '', 'sh', '-c', '--nope', '-t', '--tty', '/', '--help', '-1'];
    const values = Object.keys(options.values);
    const flags = Object.keys(options.flags);
    const assigned = [...values, ...flags].flatMap((name) => [`${name}=`, `${name}=a=b`]);
    const others = ['--bundle', '--bind', '--preset', '--config', '--env', '--root'];
    const some = (list: readonly string[]) => fc.constantFrom(...list);
    const part = fc.oneof(
      { weight: 5, arbitrary: fc.tuple(some(values), some(['v', '/v', '-v', ...words])) },
      { weight: 5, arbitrary: fc.tuple(some(flags)) },
      fc.tuple(some([...words, ...assigned, ...others])),
    );
    const parts = fc.tuple(
      fc.array(part, { maxLength: 4 }),
      fc.array(some(words), { maxLength: 3 }),
    );
    let understood = 0;
    fc.assert(
      fc.property(parts, ([before, after]) => {
        const args = ['run', ...before.flat(), ...after];
        const plain = parsePlainRun(args, options);
        if (plain === undefined) return;
        understood += 1;
        expect(plain, args.join(' ')).to.deep.equal(parsedByCommander(args));
      }),
      { seed: 4, numRuns: 2000 },
    );
    expect(understood).to.be.greaterThan(200);
  });

  it('may have the usual options', () => {
    const args = [
      'run',
      '--rootfs',
      '/r',
      '--readonly',
      '--no-verify',
      '--cwd=/c',
      'sh',
      '--',
      'x',
    ];
    const plain = parsePlainRun(args, options);
    expect(plain?.command).to.deep.equal(['sh', '--', 'x']);
    expect(plain?.given).to.include({ rootfs: '/r', readonly: true, verify: false, cwd: '/c' });
  });

  it('has no option whose value is looked at, or that excludes another', () => {
    for (const option of ['--preset', '--config', '--bundle', '--bind', '--env', '--map-user'])
      expect(parsePlainRun(['run', option, 'x', 'sh'], options), option).to.equal(undefined);
  });

  it('is not one without a command, or of another command', () => {
    for (const args of [
      [],
      ['run'],
      ['run', '--rootfs'],
      ['run', '--rootfs', '/r'],
      ['plan', 'sh'],
    ])
      expect(parsePlainRun(args, options), args.join(' ')).to.equal(undefined);
  });
});
