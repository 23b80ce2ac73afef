import { expect } from 'chai';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RemoteTransport } from '../../../src/runtime/remote-transport.js';
import { openRuntimeHost } from '../../../src/runtime/runtime-host.js';
import { StubConnection } from '../../../src/runtime/stub-connection.js';
import { STUB_SOCKET } from '../../../src/runtime/stub-layout.js';
import { AnswerChecks } from '../../../src/syscalls/replay/answer-checks.js';
import {
  ReplayProgramBuilder,
  type ReplayProgram,
} from '../../../src/syscalls/replay/replay-program.js';
import { contentPieces } from '../../../src/syscalls/replay/text-pieces.js';

const NATIVE = new URL('../../../../native/', import.meta.url).pathname;
const QEMU = ['/usr/bin/qemu-aarch64-static', '/usr/bin/qemu-aarch64'];
// asm/unistd.h of arm64.
const [CLOSE, OPENAT, READLINKAT] = [57, 56, 78];
const AT_FDCWD = -100;

/** Opens a mountinfo, reads it, looks at its name by its descriptor, and closes it. */
function programFor(path: string, content: string): ReplayProgram {
  const builder = new ReplayProgramBuilder(0);
  const fd = builder.newDescriptor();
  const [text, name] = [builder.room(4096), builder.room(4096)];
  const shared = { restarts: true, expected: 0, checks: [] };
  const descriptor = { kind: 'descriptor', value: fd } as const;
  const template = Buffer.from('/proc/self/fd/\u0001\0\0\0\0\0');
  template.writeUInt32LE(fd, template.length - 5);
  builder.op({
    ...shared,
    number: OPENAT,
    args: [
      { kind: 'number', value: AT_FDCWD },
      { kind: 'memory', value: builder.bytes(Buffer.from(`${path}\0`)) },
    ],
    answer: 'newDescriptor',
    expected: fd,
  });
  builder.op({
    ...shared,
    number: 0,
    args: [descriptor, { kind: 'memory', value: text }, { kind: 'number', value: 4096 }],
    answer: 'content',
    checks: new AnswerChecks(builder, text).text(contentPieces('/mountinfo', content)),
  });
  builder.op({
    ...shared,
    number: READLINKAT,
    args: [
      { kind: 'number', value: AT_FDCWD },
      { kind: 'textOf', value: builder.bytes(template), room: builder.room(64) },
      { kind: 'memory', value: name },
      { kind: 'number', value: 4096 },
    ],
    answer: 'result',
    expected: path.length,
    checks: new AnswerChecks(builder, name).text([{ literal: path }]),
  });
  builder.op({ ...shared, number: CLOSE, args: [descriptor], answer: 'result' });
  return builder.build();
}

describe('a replay as an arm64 program', () => {
  it('compares as that of this machine does', function () {
    const qemu = QEMU.find((path) => existsSync(path));
    if (qemu === undefined) {
      console.log('      skipped: qemu-aarch64-static is needed (package qemu-user-static)');
      this.skip();
    }
    const { processes } = openRuntimeHost();
    const [own, theirs] = processes.socketpair();
    const child = processes.posix_spawn({
      path: qemu,
      argv: ['qemu', join(NATIVE, 'stub-arm64')],
      descriptors: new Map([[STUB_SOCKET, theirs]]),
    });
    processes.close(theirs);
    const connection = new StubConnection(processes, own);
    const { replay } = new RemoteTransport(connection).openReplay();
    const dir = mkdtempSync(join(tmpdir(), 'nsinit-replay-'));
    try {
      const path = join(dir, 'mountinfo');
      const program = programFor(
        path,
        '36 25 0:31 / /a rw - tmpfs x rw\n37 36 0:32 / /b rw - tmpfs x rw\n',
      );
      const stopsWith = (content: string): number => {
        writeFileSync(path, content);
        return replay(program.bytes);
      };
      const lines = (...numbers: number[]): string =>
        `${numbers[0]} 9 0:${numbers[1]} / /a rw - tmpfs x rw\n${numbers[2]} ${numbers[3]} 0:7 / /b rw - tmpfs x rw\n`;
      expect(stopsWith(lines(1, 8, 2, 1))).to.equal(4);
      expect(stopsWith(lines(100, 1234, 200, 100)), 'longer numbers').to.equal(4);
      expect(stopsWith(lines(1, 8, 2, 2)), 'another parent').to.equal(1);
      expect(stopsWith(lines(1, 7, 2, 1)), 'one device').to.equal(1);
      expect(stopsWith(`${lines(1, 8, 2, 1)}x`), 'more').to.equal(1);
    } finally {
      rmSync(dir, { recursive: true });
      connection.close();
      expect(processes.waitid(child)).to.deep.equal({ code: 0, signal: null });
    }
  });
});
