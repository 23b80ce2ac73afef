import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { nsinit, useBareRoot } from '../integration/nsinit-command.js';

describe('nsinit run', () => {
  let root = '';
  useBareRoot((path) => (root = path));

  const inRoot = (script: string, ...options: string[]) =>
    nsinit('run', '--rootfs', root, ...options, '--', '/bin/sh', '-c', script);

  it('makes a copy of this machine that is thrown away', () => {
    const before = readFileSync('/etc/passwd', 'utf8');
    const { stdout, status } = nsinit(
      'run',
      '--',
      'sh',
      '-c',
      'echo changed > /etc/passwd; cat /etc/passwd',
    );
    expect([stdout, status]).to.deep.equal(['changed\n', 0]);
    expect(readFileSync('/etc/passwd', 'utf8')).to.equal(before);
  });

  it('tells bad input in one line, with status 2 and nothing changed', () => {
    const cases: readonly (readonly [string, ...string[]])[] = [
      ['/nope does not exist', '--rootfs', '/nope'],
      ['is not a directory', '--rootfs', '/etc/passwd'],
      ["machine's own root", '--rootfs', '/'],
      ['the source /nope does not exist', '--bind', '/nope'],
      ['must be an absolute path', '--bind', '/etc:relative'],
      ['must be an absolute path', '--tmpfs', 'relative'],
      ['--user takes UID', '--user', 'somebody'],
    ];
    for (const [message, ...options] of cases) {
      const { status, stderr } = nsinit('run', ...options, 'sh');
      expect([status, stderr.trimEnd().split('\n').length], message).to.deep.equal([2, 1]);
      expect(stderr).to.include(message);
    }
  });

  it('refuses a read-only classic root, and lets it fail when forced', () => {
    expect(inRoot('exit 0', '--preset', 'classic', '--readonly').status).to.equal(2);
    const forced = inRoot('exit 0', '--preset', 'classic', '--readonly', '--force');
    expect([forced.status, forced.stderr.includes('EROFS')]).to.deep.equal([125, true]);
    expect(inRoot('echo x > /y', '--readonly').status).not.to.equal(0);
  });
});
