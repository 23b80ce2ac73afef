import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRuntimeHost, type RuntimeHost } from '../../src/runtime/runtime-host.js';
import { StubConnection, StubEndedError } from '../../src/runtime/stub-connection.js';
import { CALL_SIZE, FRAME_HEADER_SIZE, STUB_SOCKET } from '../../src/runtime/stub-layout.js';
import { StubProgram } from '../../src/runtime/stub-program.js';
import { PROCESS_CALL_NUMBERS } from '../../src/syscalls/numbers.js';
import { LinuxSyscalls } from '../../src/syscalls/linux.js';
import { AT_FDCWD } from '../../src/syscalls/descriptor.js';
import { O_RDONLY, STATX_BASIC_STATS, type AtFlags } from '../../src/syscalls/file-flags.js';
import { flags } from '../../src/syscalls/flags.js';
import { hostPath } from '../../src/syscalls/paths.js';
import { SyscallError } from '../../src/syscalls/syscall-error.js';
import { RemoteTransport } from '../../src/runtime/remote-transport.js';

const NATIVE = new URL('../../../native/', import.meta.url).pathname;

describe('the stub', () => {
  let host: RuntimeHost;
  let pid = 0;
  let connection: StubConnection;

  before(function () {
    if (process.platform !== 'linux') this.skip();
    host = openRuntimeHost();
  });

  beforeEach(() => {
    const [own, theirs] = host.processes.socketpair();
    const descriptors = new Map([[STUB_SOCKET, theirs]]);
    pid = host.processes.posix_spawn({
      path: `/proc/self/fd/${host.image}`,
      argv: ['stub'],
      descriptors,
    });
    host.processes.close(theirs);
    connection = new StubConnection(host.processes, own);
  });

  afterEach(() => {
    connection.close();
    if (pid !== 0) expect(host.processes.waitid(pid)).to.deep.equal({ code: 0, signal: null });
  });

  it('is what its source says, where the same compiler is at hand', function () {
    const compilers = { x64: 'gcc', arm64: 'aarch64-linux-gnu-gcc' };
    const versions = Object.values(compilers).map((compiler) =>
      spawnSync(compiler, ['-dumpfullversion'], { encoding: 'utf8' }).stdout?.trim(),
    );
    const [wanted] = readFileSync(join(NATIVE, 'compiler'), 'utf8').trim().split('\n');
    if (versions.some((version) => version !== wanted)) {
      console.log(
        `      skipped: gcc ${wanted} for both architectures is needed, and there is ${versions.join(', ')}`,
      );
      this.skip();
    }
    const directory = mkdtempSync(join(tmpdir(), 'nsinit-stub-'));
    try {
      expect(spawnSync(join(NATIVE, 'build'), [directory]).status).to.equal(0);
      for (const name of ['stub-x64', 'stub-arm64', 'replay-x64.so', 'replay-arm64.so']) {
        expect(
          readFileSync(join(directory, name)).equals(readFileSync(join(NATIVE, name))),
          name,
        ).to.equal(true);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('is small, static, and maps nothing that is writable and executable', () => {
    for (const name of ['stub-x64', 'stub-arm64']) {
      const image = readFileSync(join(NATIVE, name));
      expect(image.length).to.be.below(3072);
      const headers = image.readUInt16LE(56);
      for (let i = 0; i < headers; i += 1) {
        const type = image.readUInt32LE(64 + i * 56);
        const segmentFlags = image.readUInt32LE(64 + i * 56 + 4);
        expect([1, 0x6474e551], 'PT_LOAD or PT_GNU_STACK').to.include(type);
        expect(segmentFlags & 3, 'writable and executable').to.not.equal(3);
      }
    }
  });

  it('cannot be written to: it is sealed', () => {
    expect(() => host.syscalls.write(host.image, new Uint8Array(1)))
      .to.throw(SyscallError)
      .with.property('code', 'EPERM');
  });

  it('makes the calls of a program and tells their results', () => {
    const program = new StubProgram().call('umask', [0o77]).call('umask', [0o22]);
    expect(connection.run(program.encode('serve'))[1]).to.equal(0o77);
  });

  it('stops at a call that is refused, and names it', () => {
    const program = new StubProgram();
    program
      .call('chdir', [program.string('/nowhere')], { shown: ['"/nowhere"'] })
      .call('umask', [0]);
    expect(() => connection.run(program.encode('serve')))
      .to.throw(SyscallError, 'chdir("/nowhere"): ENOENT')
      .with.property('code', 'ENOENT');
  });

  it('goes on after a refused call where that was said', () => {
    const program = new StubProgram().call('close', [77], { mode: 'continue' }).call('umask', [0]);
    expect(connection.run(program.encode('serve'))[0]).to.equal(-9);
  });

  it('inherits no descriptor but its socket', () => {
    const remote = new LinuxSyscalls(new RemoteTransport(connection));
    const directory = remote.openat2(AT_FDCWD, hostPath('/proc/thread-self/fd'), {
      flags: O_RDONLY,
    });
    const names = remote.getdents64(directory).map(({ name }) => name);
    expect(names.sort()).to.deep.equal(['.', '..', '0', '255']);
    remote.close(directory);
  });

  it('takes descriptors as 0, 1, 2 …', () => {
    const [readable, writable] = host.processes.pipe2();
    connection.run(new StubProgram().encode('serve', 2), [readable, writable]);
    const remote = new LinuxSyscalls(new RemoteTransport(connection));
    remote.write(1 as typeof readable, Buffer.from('over there'));
    expect(Buffer.from(host.syscalls.read(readable, 100)).toString()).to.equal('over there');
    for (const fd of [readable, writable]) host.processes.close(fd);
  });

  it('serves an adapter: results, memory and errors are those of this process', () => {
    const remote = new LinuxSyscalls(new RemoteTransport(connection));
    const statx = (sys: LinuxSyscalls): unknown =>
      sys.statx(AT_FDCWD, hostPath('/bin/sh'), flags<AtFlags>(), STATX_BASIC_STATS);
    expect(statx(remote)).to.deep.equal(statx(new LinuxSyscalls()));
    expect(() => remote.openat2(AT_FDCWD, hostPath('/nowhere'), { flags: O_RDONLY })).to.throw(
      SyscallError,
      'ENOENT',
    );
    expect(
      remote.read(
        remote.openat2(AT_FDCWD, hostPath('/proc/self/mountinfo'), { flags: O_RDONLY }),
        1 << 20,
      ).length,
    ).to.be.above(10);
  });

  it('does the same as an arm64 program', function () {
    const qemu = ['/usr/bin/qemu-aarch64-static', '/usr/bin/qemu-aarch64'].find((path) =>
      existsSync(path),
    );
    if (qemu === undefined) {
      console.log('      skipped: qemu-aarch64-static is needed (package qemu-user-static)');
      this.skip();
    }
    const [own, theirs] = host.processes.socketpair();
    const argv = ['qemu', join(NATIVE, 'stub-arm64')];
    const child = host.processes.posix_spawn({
      path: qemu,
      argv,
      descriptors: new Map([[STUB_SOCKET, theirs]]),
    });
    host.processes.close(theirs);
    const arm64 = new StubConnection(host.processes, own);
    const program = new StubProgram().call('umask', [0o77]).call('umask', [0o22]).encode('exit');
    const view = new DataView(program.bytes.buffer);
    for (const call of [0, 1])
      view.setUint32(FRAME_HEADER_SIZE + call * CALL_SIZE, PROCESS_CALL_NUMBERS.umask[1], true);
    expect(arm64.run(program)[1]).to.equal(0o77);
    arm64.close();
    expect(host.processes.waitid(child)).to.deep.equal({ code: 0, signal: null });
  });

  it('tells of its end instead of an answer', () => {
    host.processes.kill(pid, 9);
    expect(() => connection.run(new StubProgram().call('umask', [0]).encode('serve'))).to.throw(
      StubEndedError,
    );
    expect(host.processes.waitid(pid)).to.deep.equal({ code: null, signal: 9 });
    pid = 0;
  });

  it('refuses a program that is larger than its memory', () => {
    const program = new StubProgram();
    program.call('chdir', [program.string('x'.repeat(5 << 20))]);
    expect(() => program.encode('serve')).to.throw(RangeError);
  });
});
