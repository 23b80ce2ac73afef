import type { RecordedCall } from './recording-syscalls.js';

/** The reads of one file up to its end, from here on; none when it is not read to its end. */
export function readsOfWhole(calls: readonly RecordedCall[], at: number): readonly RecordedCall[] {
  const fd = calls[at]?.descriptors.get(0);
  for (let end = at; ; end += 1) {
    const call = calls[end];
    if (call?.name !== 'read' || call.descriptors.get(0) !== fd || 'errno' in call.answer)
      return [];
    if (contentOf(call).length === 0) return calls.slice(at, end + 1);
  }
}

/** What a read has answered; nothing where it failed. */
export const contentOf = ({ answer }: RecordedCall): Uint8Array =>
  'value' in answer ? (answer.value as Uint8Array) : new Uint8Array();
