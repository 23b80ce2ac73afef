import { expect } from 'chai';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { AT_FDCWD, type Fd } from '../../../src/syscalls/descriptor.js';
import {
  AT_EMPTY_PATH,
  AT_REMOVEDIR,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  STATX_BASIC_STATS,
  type AtFlags,
} from '../../../src/syscalls/file-flags.js';
import { flags } from '../../../src/syscalls/flags.js';
import { component, fdPath, hostPath } from '../../../src/syscalls/paths.js';
import { withFd } from '../../../src/syscalls/with-fd.js';
import { inEachPlace } from './in-each-place.js';
import type { Act } from './replay-trial.js';

const DIRECTORY = flags(O_PATH, O_DIRECTORY, O_CLOEXEC);
const NONE = flags<AtFlags>();

inEachPlace('a replay', (field) => {
  const { at, stat, openAt, record } = field;

  it('makes the calls again, with descriptors that have other numbers', () => {
    const trial = record((on) =>
      withFd(on, openAt(on, '', DIRECTORY), (fd) => {
        on.mkdirat(fd, component('made'), 0o751);
        on.symlinkat('anywhere', fd, component('link'));
        on.umask(on.umask(0o077));
      }),
    );
    rmSync(at('made'), { recursive: true });
    rmSync(at('link'));
    const taken = openAt(field.sys, '');
    expect(trial.run()).to.equal(undefined);
    field.sys.close(taken);
    expect(lstatSync(at('made')).mode & 0o777).to.equal(0o751 & ~process.umask());
    expect(lstatSync(at('link')).isSymbolicLink()).to.equal(true);
  });

  it('hands in descriptors that were there before', () => {
    for (const name of ['one', 'other']) mkdirSync(at(name));
    const [one, other] = ['one', 'other'].map((name) => openAt(field.sys, name, DIRECTORY)) as [
      Fd,
      Fd,
    ];
    const act: Act = (on, fd) => on.mkdirat(fd as Fd, component('made'), 0o700);
    const trial = record(act, [one]);
    expect(trial.run([other])).to.equal(undefined);
    expect(existsSync(at('other/made'))).to.equal(true);
    // And goes on with them.
    expect(trial.run([other])).to.equal('mkdirat');
    expect(() => trial.resume(act, [other])).to.throw('EEXIST');
    for (const fd of [one, other]) field.sys.close(fd);
  });

  it('names descriptors by path as they are now', () => {
    mkdirSync(at('sub'));
    const act: Act = (on) =>
      withFd(on, openAt(on, 'sub', DIRECTORY), (fd) => [
        on.readlinkat(AT_FDCWD, hostPath(`/proc/thread-self/fd/${fd}`)),
        on.statx(AT_FDCWD, hostPath(`/proc/self/fd/${fd}/../sub`), NONE, STATX_BASIC_STATS).uid,
      ]);
    const trial = record(act);
    const taken = openAt(field.sys, '');
    expect(trial.run()).to.equal(undefined);
    renameSync(at('sub'), at('gone'));
    mkdirSync(at('sub'));
    rmSync(at('gone'), { recursive: true });
    expect(trial.run()).to.equal(undefined);
    symlinkSync('sub', at('link'));
    rmSync(at('sub'), { recursive: true });
    expect(trial.run()).to.equal('openat2');
    field.sys.close(taken);
  });

  it('changes directory by descriptor', () => {
    mkdirSync(at('sub'));
    const home = field.sys.openat2(AT_FDCWD, hostPath(process.cwd()), { flags: DIRECTORY });
    const trial = record(
      (on, back) =>
        withFd(on, openAt(on, 'sub', DIRECTORY), (fd) => {
          on.chdir(fdPath(fd));
          const where = on.getcwd();
          on.fchdir(back as Fd);
          return where;
        }),
      [home],
    );
    expect(trial.run()).to.equal(undefined);
    expect(field.sys.getcwd()).to.equal(process.cwd());
    field.sys.close(home);
  });

  it('compares what was looked at, and nothing else', () => {
    writeFileSync(at('file'), 'one', { mode: 0o600 });
    const trial = record((on) => stat(on, 'file').mode);
    writeFileSync(at('file'), 'longer', { mode: 0o600 });
    expect(trial.run()).to.equal(undefined);
    chmodSync(at('file'), 0o640);
    expect(trial.run()).to.equal('statx');
    expect(Number(trial.resume()) & 0o777).to.equal(0o640);
  });

  it('compares the size where that was looked at', () => {
    writeFileSync(at('file'), 'one');
    const trial = record((on) => stat(on, 'file').size);
    expect(trial.run()).to.equal(undefined);
    writeFileSync(at('file'), 'longer');
    expect(trial.run()).to.equal('statx');
    expect(trial.resume()).to.equal(6n);
  });

  const sameFile: Act = (on) => stat(on, 'one').ino === stat(on, 'other').ino;

  it('stops where what was one file is two', () => {
    writeFileSync(at('one'), '');
    linkSync(at('one'), at('other'));
    const trial = record(sameFile);
    // Another file, and still one.
    writeFileSync(at('new'), '');
    renameSync(at('new'), at('one'));
    rmSync(at('other'));
    linkSync(at('one'), at('other'));
    expect(trial.run()).to.equal(undefined);
    writeFileSync(at('new'), '');
    renameSync(at('new'), at('other'));
    expect(trial.run()).to.equal('statx');
    expect(trial.resume()).to.equal(false);
  });

  it('stops where what were two files are one', () => {
    for (const name of ['one', 'other']) writeFileSync(at(name), '');
    const trial = record(sameFile);
    expect(trial.run()).to.equal(undefined);
    rmSync(at('other'));
    linkSync(at('one'), at('other'));
    expect(trial.run()).to.equal('statx');
    expect(trial.resume()).to.equal(true);
  });

  it('stops where a link says something else, also when that is longer', () => {
    symlinkSync('there', at('link'));
    const act: Act = (on) => on.readlinkat(AT_FDCWD, hostPath(at('link')));
    for (const target of ['elsewhere', 'ther', 'where']) {
      const trial = record(act);
      expect(trial.run()).to.equal(undefined);
      rmSync(at('link'));
      symlinkSync(target, at('link'));
      expect(trial.run(), target).to.equal('readlinkat');
      expect(trial.resume()).to.equal(target);
    }
  });

  it('compares a piece of a file that is not read to its end', () => {
    writeFileSync(at('file'), 'first and second');
    const act: Act = (on) =>
      withFd(on, openAt(on, 'file'), (fd) => Buffer.from(on.read(fd, 5)).toString());
    const trial = record(act);
    writeFileSync(at('file'), 'first and third');
    expect(trial.run()).to.equal(undefined);
    writeFileSync(at('file'), 'other');
    expect(trial.run()).to.equal('read');
    expect(trial.resume()).to.equal('other');
  });

  it('looks at a descriptor, removes, and changes modes', () => {
    writeFileSync(at('file'), '');
    const act: Act = (on) =>
      withFd(on, openAt(on, 'file'), (fd) => {
        on.fchmod(fd, 0o604);
        on.mkdirat(AT_FDCWD, hostPath(at('made')), 0o700);
        on.unlinkat(AT_FDCWD, hostPath(at('made')), AT_REMOVEDIR);
        return on.statx(fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS).mode & 0o777;
      });
    const trial = record(act);
    chmodSync(at('file'), 0o600);
    expect(trial.run()).to.equal(undefined);
    expect(lstatSync(at('file')).mode & 0o777).to.equal(0o604);
    expect(readdirSync(field.dir)).to.deep.equal(['file']);
  });

  it('takes the number of a process for another, but never for that of the first', () => {
    symlinkSync('7', at('self'));
    const trial = record((on) => on.readlinkat(AT_FDCWD, hostPath(at('self'))));
    const stopsWith = (target: string): string | undefined => {
      rmSync(at('self'));
      symlinkSync(target, at('self'));
      return trial.run();
    };
    expect(stopsWith('12345')).to.equal(undefined);
    expect(stopsWith('1')).to.equal('readlinkat');
  });
});
