import { loadLibc } from './libc.js';
import type { NativeMemory } from './process-calls.js';

/** Allocates memory that does not move and is never freed: one piece for each adapter. */
export function allocateNative(size: number): NativeMemory {
  const { koffi } = loadLibc();
  const pointer = koffi.alloc('uint8_t', size);
  // User addresses have 47 bits (x64) or 48 (arm64): a number holds them exactly.
  return {
    address: Number(koffi.address(pointer)),
    bytes: new Uint8Array(koffi.view(pointer, size)),
  };
}
