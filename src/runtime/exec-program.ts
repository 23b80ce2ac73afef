import { SIGNAL_NUMBERS } from './signals.js';
import { CLONE_NEWNS } from '../syscalls/process-flags.js';
import { addIdentity } from './identity-program.js';
import { commandCandidates, type ProcessSpec } from './process-spec.js';
import { NamespaceError, type Namespaces } from './namespaces.js';
import { encodeResourceLimits } from './resource-limits.js';
import { CALL_ARGS_AT, FRAME_HEADER_SIZE, putInt64, STUB_SOCKET } from './stub-layout.js';
import { StubProgram, type EncodedProgram } from './stub-program.js';
import type { IdMaps } from './user-mapping.js';
import type { Fd } from '../syscalls/descriptor.js';
import { O_CLOEXEC, O_DIRECTORY, O_PATH, RESOLVE_NO_MAGICLINKS } from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';

const AT_FDCWD = -100;
const O_RDWR = 2;
const O_NOCTTY = 0x100;
const TIOCSCTTY = 0x540e;
/** `struct open_how` (openat2(2)). */
const OPEN_HOW_SIZE = 24;
const PR_SET_PDEATHSIG = 1;
const MSG_NOSIGNAL = 0x4000;
const LAST_DESCRIPTOR = 0xffffffff;
const CLOSE_RANGE_CLOEXEC = 4;

/** What makes the waiting stub the command, as bytes; plain data, for the way between threads. */
export interface CommandProgram {
  readonly bytes: Uint8Array;
  /** Descriptors that go with it; the mount namespace follows them, unless it is entered already. */
  readonly descriptors: readonly Fd[];
  /** What its calls are called in a message. */
  readonly calls: EncodedProgram['calls'];
  /** Whether the file mode creation mask is the caller's; else it is the one that the set-up left. */
  readonly ownUmask: boolean;
}

/**
 * What happens between fork and exec, in an order where each call still has the privilege it
 * needs: the place first, then descriptors, limits, identity, and last what only takes away.
 *
 * @throws TypeError or RangeError for a value that cannot be meant; NamespaceError for a name of a
 *   machine that is not the container's.
 */
export function encodeCommand(
  spec: ProcessSpec,
  {
    namespaces,
    maps,
    inRoot = false,
    hostNulls = [],
  }: {
    readonly namespaces: Pick<Namespaces, 'pid' | 'uts'>;
    readonly maps?: IdMaps | undefined;
    /** Whether it is in the finished root already. */
    readonly inRoot?: boolean;
    /** Which descriptors are the host's null device: {@link findHostNulls}. */
    readonly hostNulls?: readonly number[];
  },
): CommandProgram {
  checkNames(spec, namespaces.uts);
  const program = new StubProgram();
  const own = spec.stdio.filter((entry): entry is Fd => entry !== 'null');
  program.call('umask', [spec.umask ?? 0]);
  if (!inRoot) enterRoot(program, own.length);
  if (spec.hostname !== undefined) setUtsName(program, 'sethostname', spec.hostname);
  if (spec.domainname !== undefined) setUtsName(program, 'setdomainname', spec.domainname);
  enterDirectory(program, spec.cwd, own.length);
  placeDescriptors(program, spec.stdio, hostNulls);
  if (spec.newSession || spec.terminal) program.call('setsid', []);
  if (spec.terminal)
    program.call('ioctl', [0, TIOCSCTTY, 0], { shown: ['stdin', 'TIOCSCTTY', '0'] });
  setLimits(program, spec);
  // Without no_new_privs only CAP_SYS_ADMIN may set a filter (seccomp(2)): before it is given up.
  const early = spec.noNewPrivileges === false;
  if (early && spec.seccomp !== undefined) setSeccomp(program, spec.seccomp);
  addIdentity(program, spec, maps);
  if (spec.dieWithParent && namespaces.pid !== 'new') dieWithParent(program);
  if (!early && spec.seccomp !== undefined) setSeccomp(program, spec.seccomp);
  execute(program, spec);
  // The mount namespace is one descriptor more.
  const { bytes, calls } = program.encode('serve', own.length + (inRoot ? 0 : 1));
  return { bytes, calls, descriptors: own, ownUmask: spec.umask !== undefined };
}

/** Sets the mask that a set-up has left: umask(2) is the program's first call. */
export function putUmask(program: Pick<CommandProgram, 'bytes' | 'ownUmask'>, umask: number): void {
  if (program.ownUmask) return;
  const { bytes } = program;
  putInt64(new DataView(bytes.buffer, bytes.byteOffset), FRAME_HEADER_SIZE + CALL_ARGS_AT, umask);
}

/**
 * MS_MOVE and chroot(2) change the root of the caller alone, pivot_root(2) that of others as well.
 * Entering the mount namespace again puts the root on top of whatever is mounted there now
 * (setns(2)), so that both are alike.
 */
export function enterRoot(program: StubProgram, fd: number): void {
  program
    .call('setns', [fd, CLONE_NEWNS], { shown: ['mount namespace', 'CLONE_NEWNS'] })
    .call('close', [fd]);
}

function checkNames(
  { hostname, domainname }: Pick<ProcessSpec, 'hostname' | 'domainname'>,
  uts: Namespaces['uts'],
): void {
  if (uts !== 'shared' || (hostname ?? domainname) === undefined) return;
  const option = hostname === undefined ? 'domainname' : 'hostname';
  throw new NamespaceError(
    `${option} needs a UTS namespace: in a shared one it would be the whole machine's`,
  );
}

function setUtsName(
  program: StubProgram,
  call: 'sethostname' | 'setdomainname',
  name: string,
): void {
  const bytes = Buffer.from(name);
  program.call(call, [program.bytes(bytes), bytes.length], {
    shown: [JSON.stringify(name), String(bytes.length)],
  });
}

/**
 * Never through a magic link: `/proc/self/fd/0` would lead to a directory of the host that the
 * command has open (CVE-2024-21626).
 *
 * @param fd the lowest free number.
 */
function enterDirectory(program: StubProgram, cwd: string, fd: number): void {
  const how = new Uint8Array(OPEN_HOW_SIZE);
  const view = new DataView(how.buffer);
  putInt64(view, 0, flags(O_PATH, O_DIRECTORY, O_CLOEXEC));
  putInt64(view, 16, RESOLVE_NO_MAGICLINKS);
  const path = program.string(cwd);
  program
    .call('openat2', [AT_FDCWD, path, program.bytes(how), OPEN_HOW_SIZE], {
      shown: [JSON.stringify(cwd), '{resolve=RESOLVE_NO_MAGICLINKS}'],
    })
    .call('fchdir', [fd], { shown: [JSON.stringify(cwd)] })
    .call('close', [fd]);
}

/** They have arrived as 0, 1, 2 … without gaps; entries that are 'null' make gaps. */
function placeDescriptors(
  program: StubProgram,
  stdio: ProcessSpec['stdio'],
  hostNulls: readonly number[],
): void {
  const places = stdio.flatMap((entry, place) => (entry === 'null' ? [] : [place]));
  for (let arrived = places.length - 1; arrived >= 0; arrived -= 1) {
    const place = places[arrived] ?? arrived;
    if (place === arrived) continue;
    program.call('dup3', [arrived, place, 0]).call('close', [arrived]);
  }
  const nulls = stdio.filter((entry) => entry === 'null').length;
  // The host's own /dev/null would do, but the container's root could change its mode.
  const path = program.string('/dev/null');
  const open = (mode: 'stop' | 'continue'): unknown =>
    program.call('openat', [AT_FDCWD, path, O_RDWR | O_NOCTTY], {
      mode,
      shown: ['"/dev/null"', 'O_RDWR'],
    });
  // Every gap below is filled by then: the lowest free number is the next gap.
  for (let opened = 0; opened < nulls; opened += 1) open('stop');
  if (hostNulls.length > 0) {
    // A container without one keeps what the caller gave: then there is no such descriptor to copy.
    open('continue');
    for (const place of hostNulls)
      program.call('dup3', [stdio.length, place, 0], { mode: 'continue' });
  }
  program.call('close_range', [stdio.length, LAST_DESCRIPTOR, CLOSE_RANGE_CLOEXEC], {
    mode: 'continue',
  });
}

function setLimits(program: StubProgram, { limits }: ProcessSpec): void {
  for (const [name, number, value] of encodeResourceLimits(limits)) {
    program.call('prlimit64', [0, number, program.bytes(value), 0], {
      shown: [
        '0',
        `RLIMIT_${name.toUpperCase()}`,
        JSON.stringify(limits[name as keyof typeof limits]),
      ],
    });
  }
}

/** Without a PID 1 of ours the command itself has to die with its parent. Set last: setresuid(2) clears it. */
function dieWithParent(program: StubProgram): void {
  program.call('prctl', [PR_SET_PDEATHSIG, SIGNAL_NUMBERS.SIGKILL], {
    shown: ['PR_SET_PDEATHSIG', 'SIGKILL'],
  });
  // The parent may have died before: then this fails, and the stub finds its socket closed.
  program.call('sendto', [STUB_SOCKET, program.string(''), 0, MSG_NOSIGNAL, 0, 0]);
}

const SECCOMP_SET_MODE_FILTER = 1;
const SOCK_FILTER_SIZE = 8;

function setSeccomp(program: StubProgram, filter: Uint8Array): void {
  if (filter.length === 0 || filter.length % SOCK_FILTER_SIZE !== 0) {
    throw new TypeError(
      `a seccomp filter is a list of instructions of ${SOCK_FILTER_SIZE} bytes, not ${filter.length} bytes`,
    );
  }
  const fprog = new Uint8Array(16);
  new DataView(fprog.buffer).setUint16(0, filter.length / SOCK_FILTER_SIZE, true);
  const pointer = program.bytes(fprog);
  program.pointAt(pointer, 8, program.bytes(filter));
  program.call('seccomp', [SECCOMP_SET_MODE_FILTER, 0, pointer], {
    shown: ['SECCOMP_SET_MODE_FILTER', '0', `${filter.length / SOCK_FILTER_SIZE} instructions`],
  });
}

function execute(program: StubProgram, { command, args, env }: ProcessSpec): void {
  const strings = (list: readonly string[]): ReturnType<StubProgram['pointers']> =>
    program.pointers(list.map((text) => program.string(text)));
  const argv = strings([command, ...args]);
  const envp = strings(Object.entries(env).map(([name, value]) => `${name}=${value}`));
  for (const candidate of commandCandidates(command, env.PATH)) {
    program.call('execve', [program.string(candidate), argv, envp], {
      mode: 'search',
      shown: [JSON.stringify(command), JSON.stringify([command, ...args])],
    });
  }
}
