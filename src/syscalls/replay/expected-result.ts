import type { RecordedCall } from './recording-syscalls.js';
import type { CallName } from '../syscalls.js';

/** What the kernel is to return again: a result, or a negated errno. */
export function expectedResult({ name, answer }: RecordedCall): number {
  if ('errno' in answer) return -answer.errno;
  const { value } = answer;
  if (typeof value === 'number') return value;
  return typeof value === 'string' || value instanceof Uint8Array ? textOf(name, value).length : 0;
}

/** What the kernel has written: getcwd(2) counts the terminating NUL. */
export function textOf(name: CallName, value: unknown): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value);
  return Buffer.from(name === 'getcwd' ? `${String(value)}\0` : String(value));
}
