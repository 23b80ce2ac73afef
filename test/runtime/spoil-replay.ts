import type { CompiledReplay } from '../../src/syscalls/replay/compile-replay.js';
import {
  ANSWER,
  CHECK_SIZE,
  OP_ANSWER_AT,
  OP_EXPECTED_AT,
  OP_FIRST_CHECK_AT,
  OP_SIZE,
} from '../../src/syscalls/replay/replay-layout.js';

/** Lets an operation expect what it will not be answered. @returns takes that back. */
export function spoil({ program, ops }: CompiledReplay, op: number): () => void {
  const view = new DataView(program.bytes.buffer);
  const [opsAt, checksAt] = [view.getUint32(0, true), view.getUint32(8, true)];
  const at = opsAt + op * OP_SIZE;
  const check = checksAt + view.getUint32(at + OP_FIRST_CHECK_AT, true) * CHECK_SIZE;
  const pieces = [
    [at, program.bytes.slice(at, at + OP_FIRST_CHECK_AT)],
    [check, program.bytes.slice(check, check + CHECK_SIZE)],
  ] as const;
  if (ops[op]?.content === true) {
    view.setUint32(check, 99, true);
  } else {
    view.setUint8(at + OP_ANSWER_AT, ANSWER.result);
    view.setBigInt64(at + OP_EXPECTED_AT, 0x7ffffffen, true);
  }
  return () => {
    for (const [place, bytes] of pieces) program.bytes.set(bytes, place);
  };
}
