/** A seccomp filter that answers one call with EPERM and allows all others (seccomp(2)). */
export function refuseCall(number: number): Uint8Array {
  const BPF_LD_W_ABS = 0x20;
  const BPF_JEQ_K = 0x15;
  const BPF_RET_K = 0x06;
  const instructions = [
    [BPF_LD_W_ABS, 0, 0, 0],
    [BPF_JEQ_K, 0, 1, number],
    [BPF_RET_K, 0, 0, 0x00050000 | 1],
    [BPF_RET_K, 0, 0, 0x7fff0000],
  ] as const;
  const bytes = new Uint8Array(instructions.length * 8);
  const view = new DataView(bytes.buffer);
  instructions.forEach(([code, whenTrue, whenFalse, value], index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, whenTrue);
    view.setUint8(index * 8 + 3, whenFalse);
    view.setUint32(index * 8 + 4, value, true);
  });
  return bytes;
}
