/** How to take back what has succeeded so far. */
export class UndoStack {
  #undos: (() => void)[] = [];

  push(undo: () => void): void {
    this.#undos.push(undo);
  }

  /** Forgets everything: it can no longer be taken back, or need not be. */
  clear(): void {
    this.#undos = [];
  }

  /**
   * Takes everything back, last in, first out. An error does not stop the others.
   *
   * @param each is called before each is taken back.
   * @returns what was thrown.
   */
  unwind(each: () => void = () => undefined): unknown[] {
    const errors: unknown[] = [];
    for (const undo of this.#undos.toReversed()) {
      each();
      try {
        undo();
      } catch (error) {
        errors.push(error);
      }
    }
    this.clear();
    return errors;
  }
}
