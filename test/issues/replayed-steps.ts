import { hostname } from 'node:os';
import {
  createPreset,
  flags,
  NsinitError,
  O_RDWR,
  readAll,
  SYSCALLS,
  withFd,
  type HostPath,
  type Pipeline,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';
import { FilesStep } from 'nsinit/plugins/files';
import { HostnameStep } from 'nsinit/plugins/hostname';

/** Reads a file to its end and goes on writing there. */
class LastLineStep implements Step<object> {
  static readonly stepName = 'test:last-line';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly inject = [SYSCALLS];

  constructor(private readonly sys: Syscalls) {}

  static parse(): object {
    return {};
  }
  describe(): string {
    return 'write the last line of /etc/lines';
  }
  execute(_options: object, { root }: StepContext): void {
    withFd(this.sys, root.open('/etc/lines', flags(O_RDWR)), (fd) => {
      if (readAll(this.sys, fd) !== 'first\n') throw new NsinitError('NSINIT_VERIFY', 'lines');
      this.sys.write(fd, Buffer.from('last\n'));
    });
  }
}

export const lines = (): Pipeline =>
  createPreset('standard')
    .insertBefore('root-switch', FilesStep, {
      entries: [{ path: '/etc/lines', type: 'file', content: 'first\n' }],
    })
    .insertBefore('root-switch', LastLineStep);

export const copiedMountinfo = (): Pipeline =>
  createPreset('standard').insertBefore('root-switch', FilesStep, {
    entries: [
      { path: '/etc/mounts', type: 'file', source: '/proc/thread-self/mountinfo' as HostPath },
    ],
  });

/** Should it not be refused, the machine is still called what it was. */
export const named = (): Pipeline =>
  createPreset('standard').insertBefore('root-switch', HostnameStep, { hostname: hostname() });
