/** Memory that grows as it is filled, in pieces that are aligned for any structure. */
export class GrowingMemory {
  #bytes: Uint8Array<ArrayBuffer>;
  #used: number;

  /** @param used bytes at its beginning that are filled in otherwise. */
  constructor(used = 0) {
    this.#used = aligned(used);
    this.#bytes = new Uint8Array(Math.max(1024, this.#used));
  }

  /** What has been filled so far. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#used);
  }

  /** Appends content. @returns where it begins. */
  append(content: Uint8Array): number {
    const at = this.reserve(content.length);
    this.#bytes.set(content, at);
    return at;
  }

  /** Appends zeros. @returns where they begin. */
  reserve(length: number): number {
    const at = this.#used;
    const used = at + aligned(length);
    if (used > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(used, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#used = used;
    return at;
  }
}

const aligned = (size: number): number => Math.ceil(size / 8) * 8;
