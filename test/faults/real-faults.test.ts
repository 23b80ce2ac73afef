import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { childCommand } from '../contract/child-command.js';

describe('faults on the real kernel', () => {
  it('are told, and leave nothing, whichever call fails', function () {
    const child = childCommand('root', new URL('./real-faults-child.js', import.meta.url));
    if ('unavailable' in child) {
      this.test!.title += ` (${child.unavailable})`;
      this.skip();
    }
    const { file, args, env } = child;
    const { stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', env });
    expect(stderr).to.equal('');
    const { cases, problems } = JSON.parse(stdout) as { cases: number; problems: string[] };
    expect(problems).to.deep.equal([]);
    expect(cases).to.be.greaterThan(200);
  }).timeout(120_000);
});
