import { expect } from 'chai';
import { AT_FDCWD, asFd } from '../../../src/syscalls/descriptor.js';
import {
  F_GETFD,
  O_RDONLY,
  STATX_BASIC_STATS,
  type AtFlags,
} from '../../../src/syscalls/file-flags.js';
import { flags } from '../../../src/syscalls/flags.js';
import { MockSyscalls } from '../../../src/syscalls/mock-syscalls.js';
import { file } from '../../../src/syscalls/model/seed-tree.js';
import { MOUNT_ATTR_IDMAP, type FsmountFlags } from '../../../src/syscalls/mount-flags.js';
import { hostPath } from '../../../src/syscalls/paths.js';
import { compileReplay } from '../../../src/syscalls/replay/compile-replay.js';
import { RecordingSyscalls } from '../../../src/syscalls/replay/recording-syscalls.js';
import type { Syscalls } from '../../../src/syscalls/syscalls.js';

const NONE = flags<AtFlags>();

/** Why an act is not replayed; nothing when it is. */
function reason(act: (sys: Syscalls) => unknown): string | undefined {
  const recording = new RecordingSyscalls(
    new MockSyscalls({ files: { '/etc/hosts': file('127.0.0.1 localhost') } }),
  );
  try {
    act(recording);
  } catch {
    // What the mock refuses is an answer as well.
  }
  try {
    compileReplay(recording, []);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const open = (sys: Syscalls, path = '/'): ReturnType<Syscalls['openat2']> =>
  sys.openat2(AT_FDCWD, hostPath(path), { flags: O_RDONLY });

describe('what is not replayed', () => {
  const reasons: readonly (readonly [string, (sys: Syscalls) => unknown, string | undefined])[] = [
    ['nothing of it, where it is known', (sys) => sys.close(open(sys)), undefined],
    [
      'a call that is not known',
      (sys) => sys.fcntl(open(sys), F_GETFD, 0),
      'fcntl is not replayed',
    ],
    [
      'a descriptor that nobody has opened',
      (sys) => sys.fchdir(asFd(77)),
      'fchdir is given a descriptor from elsewhere',
    ],
    [
      'a descriptor in a structure',
      (sys) => {
        const fd = open(sys);
        try {
          sys.mount_setattr(fd, '', NONE, { attr_set: MOUNT_ATTR_IDMAP, userns_fd: fd });
        } finally {
          sys.close(fd);
        }
      },
      'mount_setattr is given a descriptor in a structure',
    ],
    ['a descriptor that stays open', (sys) => open(sys), 'a descriptor stays open'],
    [
      'a time that a step looks at',
      (sys) => sys.statx(AT_FDCWD, hostPath('/'), NONE, STATX_BASIC_STATS).mtime,
      'a step looks at mtime, which is another each time',
    ],
    [
      'how much is free',
      (sys) => {
        const fd = open(sys);
        const { bfree } = sys.fstatfs(fd);
        sys.close(fd);
        return bfree;
      },
      'a step looks at bfree, which is another each time',
    ],
    [
      'a file that is read from the middle to its end',
      (sys) => {
        const fd = open(sys, '/etc/hosts');
        sys.read(fd, 4);
        sys.getcwd();
        while (sys.read(fd, 4).length > 0);
        sys.close(fd);
      },
      'a file is read to its end from the middle on',
    ],
    [
      'more calls than are kept',
      (sys) => {
        for (let count = 0; count <= 50_000; count += 1) sys.umask(0o022);
      },
      '50001 calls are more than are kept',
    ],
  ];

  for (const [what, act, wanted] of reasons)
    it(`is ${what}`, () => expect(reason(act)).to.equal(wanted));

  it('is not a time that nobody looks at', () => {
    expect(
      reason((sys) => sys.statx(AT_FDCWD, hostPath('/'), NONE, STATX_BASIC_STATS).mode),
    ).to.equal(undefined);
  });

  it('is a structure that is copied, since all of it is looked at', () => {
    expect(
      reason((sys) => ({ ...sys.statx(AT_FDCWD, hostPath('/'), NONE, STATX_BASIC_STATS) })),
    ).to.match(/^a step looks at .time/);
  });

  it('is a descriptor of a mount that was not opened by a call of it', () => {
    expect(reason((sys) => sys.fsmount(asFd(50), 0 as FsmountFlags, flags()))).to.equal(
      'fsmount is given a descriptor from elsewhere',
    );
  });
});
