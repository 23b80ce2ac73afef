import type { Fd } from './descriptor.js';
import type { NativeMemory } from './process-calls.js';

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSGHDR_SIZE = 56;
const IOVEC_AT = 56;
const CONTROL_AT = 72;
const CMSG_HEADER_SIZE = 16;
const MOST_DESCRIPTORS = 253;
const PAYLOAD_AT = 1104;
const MOST_PAYLOAD = 4096;

/** A `struct msghdr` with descriptors beside its first bytes (unix(7), SCM_RIGHTS). */
export class RightsMessage {
  /** Bytes of memory that one takes. */
  static readonly SIZE = PAYLOAD_AT + MOST_PAYLOAD;

  constructor(private readonly memory: NativeMemory) {}

  /**
   * Lays out the message; at most 4,096 bytes of `bytes` go with it, the rest follows without.
   *
   * @returns the address of the `struct msghdr`.
   * @throws RangeError for more than 253 descriptors.
   */
  write(bytes: Uint8Array, descriptors: readonly Fd[]): number {
    if (descriptors.length > MOST_DESCRIPTORS) {
      throw new RangeError(
        `at most ${MOST_DESCRIPTORS} descriptors go with one message, not ${descriptors.length}`,
      );
    }
    const { address, bytes: memory } = this.memory;
    const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
    const put = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), true);
    const payload = bytes.subarray(0, MOST_PAYLOAD);
    memory.fill(0, 0, MSGHDR_SIZE);
    put(16, address + IOVEC_AT);
    put(24, 1);
    put(32, address + CONTROL_AT);
    put(40, CMSG_HEADER_SIZE + Math.ceil(descriptors.length / 2) * 8);
    put(IOVEC_AT, address + PAYLOAD_AT);
    put(IOVEC_AT + 8, payload.length);
    put(CONTROL_AT, CMSG_HEADER_SIZE + descriptors.length * 4);
    view.setUint32(CONTROL_AT + 8, SOL_SOCKET, true);
    view.setUint32(CONTROL_AT + 12, SCM_RIGHTS, true);
    descriptors.forEach((fd, index) =>
      view.setInt32(CONTROL_AT + CMSG_HEADER_SIZE + index * 4, fd, true),
    );
    memory.set(payload, PAYLOAD_AT);
    return address;
  }
}
