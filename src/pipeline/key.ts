import { NsinitError } from './errors.js';

/** Under which one step hands something to later ones. Two keys are never the same. */
export interface Key<T> {
  readonly name: string;
  /** The same in every copy of the module that made the key. */
  readonly shared?: symbol;
  /** Never there: it holds the type. */
  readonly type?: T;
}

/** Makes a key. @param name for messages. */
export function key<T>(name: string): Key<T> {
  return { name };
}

/**
 * Makes a key that is the same in every copy of the module that makes it: two may be loaded where
 * a program and a plugin each have their own.
 *
 * @param id unlike anybody else's, as `vendor.thing`.
 * @param name for messages.
 */
export function sharedKey<T>(id: string, name: string = id): Key<T> {
  return { name, shared: Symbol.for(`nsinit.key.${id}`) };
}

/** What has been handed over in a run. */
export class HandOver {
  readonly #values = new Map<Key<unknown> | symbol, unknown>();

  /** @param advice what to do where something is missing. */
  constructor(
    private readonly advice = 'put the step that does before this one, or give it to run()',
  ) {}

  provide<T>(under: Key<T>, value: T): void {
    this.#values.set(under.shared ?? under, value);
  }

  /** @throws NsinitError when nothing was provided. */
  need<T>(under: Key<T>): T {
    if (!this.#values.has(under.shared ?? under)) {
      throw new NsinitError(
        'NSINIT_MISSING_VALUE',
        `nothing provides "${under.name}": ${this.advice}`,
      );
    }
    return this.#values.get(under.shared ?? under) as T;
  }

  find<T>(under: Key<T>): T | undefined {
    return this.#values.get(under.shared ?? under) as T | undefined;
  }
}
