import { spawnSync } from 'node:child_process';
import { ERRNO, type ErrnoName } from '../../src/syscalls/errno.js';
import { CALLS } from '../../src/syscalls/call-table.js';
import { architectureIndex, loadLibc } from '../../src/syscalls/libc.js';
import type { CallName } from '../../src/syscalls/syscalls.js';

// Runs a command under a seccomp filter: under-filter.js CALL=ERRNO[,CALL=ERRNO…] COMMAND…
const [, , refused = '', command = '', ...args] = process.argv;

const LOAD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP = [317, 277] as const;

const instructions: [code: number, whenTrue: number, whenFalse: number, value: number][] = [
  [LOAD, 0, 0, 0],
];
for (const rule of refused.split(',')) {
  const [name, errno] = rule.split('=') as [CallName, ErrnoName];
  instructions.push(
    [JUMP_IF_EQUAL, 0, 1, CALLS[name].numbers[architectureIndex()]],
    [RETURN, 0, 0, 0x00050000 | ERRNO[errno]],
  );
}
instructions.push([RETURN, 0, 0, 0x7fff0000]);
const filter = Buffer.alloc(instructions.length * 8);
instructions.forEach(([code, whenTrue, whenFalse, value], index) => {
  filter.writeUInt16LE(code, index * 8);
  filter.writeUInt8(whenTrue, index * 8 + 2);
  filter.writeUInt8(whenFalse, index * 8 + 3);
  filter.writeUInt32LE(value, index * 8 + 4);
});

const { koffi, library } = loadLibc();
const program = Buffer.alloc(16);
program.writeUInt16LE(instructions.length, 0);
program.writeBigUInt64LE(BigInt(koffi.address(filter)), 8);
const syscall = library.func('long syscall(long, long, long, void *, long, long, long)');
library.func('int prctl(int, long, long, long, long)')(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
if (syscall(SECCOMP[architectureIndex()], 1, 0, program, 0, 0, 0) !== 0)
  throw new Error('the filter was refused');
const { status } = spawnSync(command, args, { stdio: 'inherit' });
process.exitCode = status ?? 99;
