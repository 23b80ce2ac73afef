import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RemoteTransport } from '../../../src/runtime/remote-transport.js';
import { openRuntimeHost } from '../../../src/runtime/runtime-host.js';
import { StubConnection } from '../../../src/runtime/stub-connection.js';
import { STUB_SOCKET } from '../../../src/runtime/stub-layout.js';
import { AT_FDCWD, type Fd } from '../../../src/syscalls/descriptor.js';
import {
  O_CLOEXEC,
  O_DIRECTORY,
  O_RDONLY,
  STATX_BASIC_STATS,
  type AtFlags,
  type OpenFlags,
} from '../../../src/syscalls/file-flags.js';
import { flags } from '../../../src/syscalls/flags.js';
import { LinuxSyscalls } from '../../../src/syscalls/linux.js';
import { hostPath } from '../../../src/syscalls/paths.js';
import type { Statx, Syscalls } from '../../../src/syscalls/syscalls.js';
import { withFd } from '../../../src/syscalls/with-fd.js';
import { ReplayTrial, type Act } from './replay-trial.js';

interface Place {
  readonly sys: LinuxSyscalls;
  end(): void;
}

const PLACES: Readonly<Record<string, () => Place>> = {
  'in this thread': () => ({ sys: new LinuxSyscalls(), end: () => undefined }),
  'in the waiting process': () => {
    const { processes, image } = openRuntimeHost();
    const [own, theirs] = processes.socketpair();
    const pid = processes.posix_spawn({
      path: `/proc/self/fd/${image}`,
      argv: ['stub'],
      descriptors: new Map([[STUB_SOCKET, theirs]]),
    });
    processes.close(theirs);
    const connection = new StubConnection(processes, own);
    const end = (): void => {
      connection.close();
      processes.waitid(pid);
    };
    return { sys: new LinuxSyscalls(new RemoteTransport(connection)), end };
  },
};

/** An empty directory, and an adapter that replays. */
export class Field {
  dir = '';
  #place: Place | undefined;

  open(open: () => Place): void {
    this.#place = open();
    this.dir = mkdtempSync(join(tmpdir(), 'nsinit-replay-'));
  }

  close(): void {
    this.#place?.end();
    rmSync(this.dir, { recursive: true });
  }

  get sys(): LinuxSyscalls {
    return (this.#place as Place).sys;
  }

  readonly at = (name: string): string => join(this.dir, name);

  readonly stat = (on: Syscalls, name: string): Statx =>
    on.statx(AT_FDCWD, hostPath(this.at(name)), flags<AtFlags>(), STATX_BASIC_STATS);

  readonly openAt = (on: Syscalls, name: string, how: OpenFlags = O_RDONLY): Fd =>
    on.openat2(AT_FDCWD, hostPath(this.at(name)), { flags: flags(how, O_CLOEXEC) });

  readonly record = (act: Act, inputs: readonly Fd[] = []): ReplayTrial =>
    new ReplayTrial(this.sys, act, inputs);

  /** Descriptors that are open where the calls are made. */
  descriptors(): string[] {
    const proc = this.sys.openat2(AT_FDCWD, hostPath('/proc/thread-self/fd'), {
      flags: flags(O_RDONLY, O_DIRECTORY, O_CLOEXEC),
    });
    return withFd(this.sys, proc, () => this.sys.getdents64(proc).map(({ name }) => name));
  }
}

/** Describes the same of both libraries: that of a thread, and the stub. */
export function inEachPlace(title: string, define: (field: Field) => void): void {
  for (const [place, open] of Object.entries(PLACES)) {
    describe(`${title} ${place}`, () => {
      const field = new Field();
      before(function () {
        if (process.platform !== 'linux') this.skip();
      });
      beforeEach(() => field.open(open));
      afterEach(() => field.close());
      define(field);
    });
  }
}
