import { expect } from 'chai';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { AT_FDCWD } from '../../../src/syscalls/descriptor.js';
import { component, hostPath } from '../../../src/syscalls/paths.js';
import { isErrno } from '../../../src/syscalls/syscall-error.js';
import { readAll } from '../../../src/syscalls/whole-content.js';
import { withFd } from '../../../src/syscalls/with-fd.js';
import { inEachPlace } from './in-each-place.js';
import type { Act } from './replay-trial.js';

inEachPlace('a step that goes on after a replay', (field) => {
  const { at, stat, openAt, record } = field;

  const content: Act = (on) =>
    withFd(on, openAt(on, 'file'), (fd) => {
      // Something in between, so that the position matters.
      on.fstatfs(fd);
      return readAll(on, fd);
    });

  it('stops where a file is missing, and the step is told', () => {
    writeFileSync(at('file'), '');
    const trial = record((on) => on.close(openAt(on, 'file')));
    rmSync(at('file'));
    expect(trial.run()).to.equal('openat2');
    expect(() => trial.resume()).to.throw(/ENOENT/);
  });

  it('stops where a missing file is there, and the step goes on with it', () => {
    const act: Act = (on) => {
      try {
        on.close(openAt(on, 'file'));
        return 'there';
      } catch (error) {
        if (!isErrno(error, 'ENOENT')) throw error;
        return 'missing';
      }
    };
    const trial = record(act);
    expect(trial.run()).to.equal(undefined);
    writeFileSync(at('file'), '');
    const before = field.descriptors();
    expect(trial.run()).to.equal('openat2');
    expect(trial.resume()).to.equal('there');
    expect(field.descriptors()).to.deep.equal(before);
  });

  it('stops where a file says something else, and it is read again from its beginning', () => {
    const long = 'x'.repeat(20_000);
    for (const [before, now] of [
      ['one', 'two'],
      ['one', 'one and more'],
      ['one and more', 'one'],
      [long, `${long}y`],
      ['short', long],
      ['something', ''],
      ['', 'something'],
    ] as const) {
      writeFileSync(at('file'), before);
      const trial = record(content);
      expect(trial.run()).to.equal(undefined);
      writeFileSync(at('file'), now);
      expect(trial.run()).to.equal('read');
      expect(trial.resume()).to.equal(now);
    }
  });

  it('gives a step what was read before it stopped', () => {
    writeFileSync(at('file'), 'x'.repeat(10_000));
    mkdirSync(at('sub'));
    const act: Act = (on) => [content(on), stat(on, 'sub').nlink];
    const trial = record(act);
    rmSync(at('sub'), { recursive: true });
    writeFileSync(at('sub'), '');
    expect(trial.run()).to.equal('statx');
    expect(trial.resume()).to.deep.equal(['x'.repeat(10_000), 1]);
  });

  it('leaves nothing open when a step makes another call than before', () => {
    for (const name of ['one', 'other']) mkdirSync(at(name));
    const trial = record((on) => {
      const kept = openAt(on, 'one');
      const other = openAt(on, 'other');
      on.mkdirat(other, component('made'), 0o700);
      on.close(other);
      on.close(kept);
    });
    const before = field.descriptors();
    // It finds what it has made itself.
    expect(trial.run()).to.equal('mkdirat');
    const other: Act = (on) => withFd(on, openAt(on, 'one'), () => on.getcwd());
    expect(() => trial.resume(other)).to.throw(
      /^getcwd\(\) is not the call that followed before: a step may say/,
    );
    expect(field.descriptors()).to.deep.equal(before);
  });

  it('does not close a second time what the replay has closed before', () => {
    for (const name of ['one', 'other']) mkdirSync(at(name));
    const trial = record((on) => {
      on.close(openAt(on, 'one'));
      // It gets the number that has become free.
      withFd(on, openAt(on, 'other'), (fd) => on.mkdirat(fd, component('made'), 0o700));
    });
    const before = field.descriptors();
    expect(trial.run()).to.equal('mkdirat');
    const other: Act = (on) => {
      const fd = openAt(on, 'one');
      try {
        on.getcwd();
      } finally {
        on.close(fd);
      }
    };
    expect(() => trial.resume(other)).to.throw('is not the call that followed before');
    expect(field.descriptors()).to.deep.equal(before);
  });

  it('takes a call with other arguments for another call', () => {
    for (const name of ['one', 'other']) mkdirSync(at(name));
    const trial = record((on) => {
      stat(on, 'one').mode;
      on.mkdirat(AT_FDCWD, hostPath(at('made')), 0o700);
    });
    trial.run();
    expect(() => trial.resume((on) => stat(on, 'other').mode)).to.throw('is not the call');
  });
});
