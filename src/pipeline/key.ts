import { NsinitError } from './errors.js';

/** Under which one step hands something to later ones. Two keys are never the same. */
export interface Key<T> {
  readonly name: string;
  /** Never there: it holds the type. */
  readonly type?: T;
}

/** Makes a key. @param name for messages. */
export function key<T>(name: string): Key<T> {
  return { name };
}

/** What has been handed over in a run. */
export class HandOver {
  readonly #values = new Map<Key<unknown>, unknown>();

  provide<T>(under: Key<T>, value: T): void {
    this.#values.set(under, value);
  }

  /** @throws NsinitError when nothing was provided. */
  need<T>(under: Key<T>): T {
    if (!this.#values.has(under)) {
      throw new NsinitError(
        'NSINIT_MISSING_VALUE',
        `nothing provides "${under.name}": put the step that does before this one, or give it to run()`,
      );
    }
    return this.#values.get(under) as T;
  }

  find<T>(under: Key<T>): T | undefined {
    return this.#values.get(under) as T | undefined;
  }
}
