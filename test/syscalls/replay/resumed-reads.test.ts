import { expect } from 'chai';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { AT_FDCWD, type Fd } from '../../../src/syscalls/descriptor.js';
import { O_RDWR } from '../../../src/syscalls/file-flags.js';
import { hostPath } from '../../../src/syscalls/paths.js';
import { SyscallError } from '../../../src/syscalls/syscall-error.js';
import type { Syscalls } from '../../../src/syscalls/syscalls.js';
import { readAll } from '../../../src/syscalls/whole-content.js';
import { withFd } from '../../../src/syscalls/with-fd.js';
import { inEachPlace } from './in-each-place.js';
import type { Act } from './replay-trial.js';

inEachPlace('what a replay has read, and a step goes on with,', (field) => {
  const { at, stat, openAt, record } = field;

  beforeEach(() => {
    writeFileSync(at('file'), 'first\n');
    writeFileSync(at('mode'), '', { mode: 0o600 });
  });

  it('may be read in pieces of any length', () => {
    const growing = (on: Syscalls, fd: Fd): string => {
      let text = '';
      for (let length = 1; ; length += 1) {
        const piece = on.read(fd, length);
        if (piece.length === 0) return text;
        text += Buffer.from(piece).toString();
      }
    };
    const trial = record((on) => [
      withFd(on, openAt(on, 'file'), (fd) => growing(on, fd)),
      stat(on, 'mode').mode & 0o777,
    ]);
    chmodSync(at('mode'), 0o640);
    expect(trial.run()).to.equal('statx');
    expect(trial.resume()).to.deep.equal(['first\n', 0o640]);
  });

  /** Adds to a file where something else says so. */
  const addWhereTold: Act = (on) =>
    withFd(on, openAt(on, 'file', O_RDWR), (fd) => {
      readAll(on, fd);
      if ((stat(on, 'mode').mode & 0o040) === 0) return;
      on.write(fd, Buffer.from('last\n'));
      return readAll(on, fd);
    });

  // A replay reads without moving the position.
  it('is written behind, and read on from there', () => {
    const trial = record(addWhereTold);
    chmodSync(at('mode'), 0o640);
    expect(trial.run()).to.equal('statx');
    expect(trial.resume()).to.equal('');
    expect(readFileSync(at('file'), 'latin1')).to.equal('first\nlast\n');
  });

  it('was open under a number that a path still means by itself', () => {
    let number: Fd | undefined;
    const act: Act = (on) => {
      const fd = openAt(on, 'file');
      number ??= fd;
      on.close(fd);
      // Whatever has that number now: not what the step had.
      try {
        on.readlinkat(AT_FDCWD, hostPath(`/proc/thread-self/fd/${number}/none`));
      } catch (error) {
        if (!(error instanceof SyscallError)) throw error;
      }
      return stat(on, 'mode').mode & 0o777;
    };
    const trial = record(act);
    const taken = openAt(field.sys, 'file');
    chmodSync(at('mode'), 0o640);
    trial.run();
    expect(trial.resume()).to.equal(0o640);
    field.sys.close(taken);
  });
});
