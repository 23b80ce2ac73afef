import type { Fd } from './descriptor.js';
import { ERRNO } from './errno.js';
import { allocateNative } from './libc-memory.js';
import { bindSpawn, type SpawnFunction } from './libc-spawn.js';
import { architectureIndex, LibcTransport } from './libc.js';
import { PROCESS_CALL_NUMBERS, type ProcessCallName } from './numbers.js';
import type { RawArg, RawKind } from './params.js';
import type { NativeMemory, ProcessCalls, ProcessEnd, SpawnOptions } from './process-calls.js';
import { RightsMessage } from './rights-message.js';
import { SyscallError } from './syscall-error.js';

const P_PID = 1;
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x1000000;
const SIGINFO_SIZE = 128;
const CLD_EXITED = 1;
const O_CLOEXEC = 0x80000;
const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 1 | 0x80000;
const MSG_WAITALL = 0x100;
const MSG_NOSIGNAL = 0x4000;
const F_DUPFD_CLOEXEC = 1030;
const F_ADD_SEALS = 1033;
// F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE
const ALL_SEALS = 0xf;

type Bound = (...args: RawArg[]) => number;

/** Process calls of the real kernel, all bound when this is constructed. */
export class LinuxProcessCalls implements ProcessCalls {
  readonly #transport = new LibcTransport();
  readonly #spawn: SpawnFunction = bindSpawn();
  readonly #memory: NativeMemory = allocateNative(RightsMessage.SIZE);
  readonly #waitid = this.#bind('waitid', ['int', 'int', 'out', 'int', 'int']);
  readonly #kill = this.#bind('kill', ['int', 'int']);
  readonly #pidfdOpen = this.#bind('pidfd_open', ['int', 'int']);
  readonly #pidfdSendSignal = this.#bind('pidfd_send_signal', ['int', 'int', 'int', 'int']);
  readonly #memfdCreate = this.#bind('memfd_create', ['string', 'int']);
  readonly #fcntl = this.#bind('fcntl', ['int', 'int', 'int']);
  readonly #pipe2 = this.#bind('pipe2', ['out', 'int']);
  readonly #socketpair = this.#bind('socketpair', ['int', 'int', 'int', 'out']);
  readonly #sendto = this.#bind('sendto', ['int', 'in', 'int', 'int', 'int', 'int']);
  readonly #sendmsg = this.#bind('sendmsg', ['int', 'int', 'int']);
  readonly #recvfrom = this.#bind('recvfrom', ['int', 'out', 'int', 'int', 'int', 'int']);
  readonly #close = this.#bind('close', ['int']);

  posix_spawn({ path, argv, descriptors }: SpawnOptions): number {
    const moved: Fd[] = [];
    // A number here may be one of the child's: it would be overwritten before it is used.
    const pairs = [...descriptors].map(([to, from]) => {
      if (from === to || !descriptors.has(from)) return [from, to] as const;
      const copy = this.#fcntl(from, F_DUPFD_CLOEXEC, Math.max(...descriptors.keys()) + 1);
      check('fcntl', copy, [`${from}`, 'F_DUPFD_CLOEXEC']);
      moved.push(copy as Fd);
      return [copy, to] as const;
    });
    const { pid, errno } = this.#spawn(path, argv, pairs);
    for (const fd of moved) this.close(fd);
    if (errno !== 0) throw new SyscallError('posix_spawn', errno, [JSON.stringify(path)]);
    return pid;
  }

  waitid(pid: number, { nohang = false } = {}): ProcessEnd | undefined {
    const info = new Uint8Array(SIGINFO_SIZE);
    const options = WEXITED | (nohang ? WNOHANG : 0);
    check(
      'waitid',
      uninterrupted(() => this.#waitid(P_PID, pid, info, options, 0)),
      ['P_PID', `${pid}`],
    );
    const view = new DataView(info.buffer);
    // si_code, si_pid and si_status of SIGCHLD (sigaction(2)); si_pid is 0 while it runs.
    if (view.getInt32(16, true) === 0) return undefined;
    const status = view.getInt32(24, true);
    return view.getInt32(8, true) === CLD_EXITED
      ? { code: status, signal: null }
      : { code: null, signal: status };
  }

  hasEnded(pid: number): boolean {
    const info = new Uint8Array(SIGINFO_SIZE);
    const result = this.#waitid(P_PID, pid, info, WEXITED | WNOHANG | WNOWAIT, 0);
    return result < 0 || new DataView(info.buffer).getInt32(16, true) !== 0;
  }

  kill(pid: number, signal: number): void {
    check('kill', this.#kill(pid, signal), [`${pid}`, `${signal}`]);
  }

  pidfd_open(pid: number): Fd {
    return check('pidfd_open', this.#pidfdOpen(pid, 0), [`${pid}`, '0']) as Fd;
  }

  pidfd_send_signal(pidfd: Fd, signal: number): void {
    check('pidfd_send_signal', this.#pidfdSendSignal(pidfd, signal, 0, 0), [
      `${pidfd}`,
      `${signal}`,
    ]);
  }

  memfd_create(name: string, flags: number): Fd {
    return check('memfd_create', this.#memfdCreate(name, flags), [
      JSON.stringify(name),
      `0x${flags.toString(16)}`,
    ]) as Fd;
  }

  seal(fd: Fd): void {
    check('fcntl', this.#fcntl(fd, F_ADD_SEALS, ALL_SEALS), [`${fd}`, 'F_ADD_SEALS', '0xf']);
  }

  pipe2(): readonly [Fd, Fd] {
    const pair = new Int32Array(2);
    check('pipe2', this.#pipe2(bytesOf(pair), O_CLOEXEC), ['O_CLOEXEC']);
    return [pair[0] as Fd, pair[1] as Fd];
  }

  socketpair(): readonly [Fd, Fd] {
    const pair = new Int32Array(2);
    check('socketpair', this.#socketpair(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, bytesOf(pair)), [
      'AF_UNIX',
      'SOCK_STREAM|SOCK_CLOEXEC',
      '0',
    ]);
    return [pair[0] as Fd, pair[1] as Fd];
  }

  send(fd: Fd, bytes: Uint8Array, descriptors: readonly Fd[] = []): void {
    let sent = descriptors.length === 0 ? 0 : this.#sendRights(fd, bytes, descriptors);
    while (sent < bytes.length) {
      const rest = bytes.subarray(sent);
      sent += check(
        'sendto',
        uninterrupted(() => this.#sendto(fd, rest, rest.length, MSG_NOSIGNAL, 0, 0)),
        [`${fd}`, `${rest.length} bytes`],
      );
    }
  }

  receive(fd: Fd, into: Uint8Array): boolean {
    for (let got = 0; got < into.length;) {
      const rest = got === 0 ? into : into.subarray(got);
      const length = uninterrupted(() => this.#recvfrom(fd, rest, rest.length, MSG_WAITALL, 0, 0));
      if (length === 0) return false;
      got += check('recvfrom', length, [`${fd}`, `${rest.length} bytes`]);
    }
    return true;
  }

  close(fd: Fd): void {
    // Not again when interrupted: the number may be another file's by then (close(2)).
    check('close', this.#close(fd), [`${fd}`]);
  }

  #sendRights(fd: Fd, bytes: Uint8Array, descriptors: readonly Fd[]): number {
    const message = new RightsMessage(this.#memory);
    const header = message.write(bytes, descriptors);
    const sent = uninterrupted(() => this.#sendmsg(fd, header, MSG_NOSIGNAL));
    return check('sendmsg', sent, [`${fd}`, `SCM_RIGHTS [${descriptors.join(' ')}]`]);
  }

  #bind(name: ProcessCallName, kinds: readonly RawKind[]): Bound {
    const bound = this.#transport.bind(PROCESS_CALL_NUMBERS[name][architectureIndex()], kinds);
    return (...args) => bound(args);
  }
}

const bytesOf = (array: Int32Array): Uint8Array => new Uint8Array(array.buffer);

function uninterrupted(call: () => number): number {
  let result = call();
  while (result === -ERRNO.EINTR) result = call();
  return result;
}

function check(name: string, result: number, args: readonly string[]): number {
  if (result < 0) throw new SyscallError(name, -result, args);
  return result;
}
