import { expect } from 'chai';
import { ERRNO, type ErrnoName } from '../../src/syscalls/errno.js';
import { refusalHint } from '../../src/syscalls/refusal-hints.js';
import { SyscallError } from '../../src/syscalls/syscall-error.js';

describe('the hint of a refused mount(2) in a user namespace', () => {
  const hint = (code: ErrnoName, fstype: string, data: string): string | undefined =>
    refusalHint(
      new SyscallError('mount', ERRNO[code], ['"x"', '"/x"', `"${fstype}"`, 'MS_NOSUID', data]),
    );

  it('says what sysfs takes, as that of fsopen does', () => {
    expect(hint('EPERM', 'sysfs', '""')).to.include('--unshare-net');
  });

  it('says that the group of devpts is not mapped', () => {
    expect(hint('EINVAL', 'devpts', '"newinstance,gid=5"')).to.include('--map-user ranges');
    expect(hint('EINVAL', 'devpts', '"newinstance"')).to.equal(undefined);
  });
});
