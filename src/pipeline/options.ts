import { NsinitError } from './errors.js';

/** An option's value is not what the step takes. */
export function optionError(option: string, wanted: string, value: unknown): NsinitError {
  return new NsinitError(
    'NSINIT_OPTION',
    `option ${option} must be ${wanted}, not ${JSON.stringify(value) ?? 'undefined'}`,
  );
}

/** Reads untrusted options by name; what nobody asked for is refused by `done`. */
export class OptionReader {
  readonly #given: Readonly<Record<string, unknown>>;
  readonly #known = new Set<string>();

  constructor(input: unknown) {
    if (input === undefined || input === null) {
      this.#given = {};
    } else if (typeof input === 'object' && !Array.isArray(input)) {
      this.#given = input as Record<string, unknown>;
    } else {
      throw optionError('(all)', 'an object', input);
    }
  }

  #take(option: string): unknown {
    this.#known.add(option);
    return this.#given[option];
  }

  boolean(option: string, otherwise: boolean): boolean {
    const value = this.#take(option) ?? otherwise;
    if (typeof value !== 'boolean') throw optionError(option, 'true or false', value);
    return value;
  }

  string(option: string, otherwise?: string): string {
    const value = this.#take(option) ?? otherwise;
    if (typeof value !== 'string') throw optionError(option, 'a string', value);
    return value;
  }

  integer(option: string, least: number, most: number, otherwise: number): number {
    const value = this.#take(option) ?? otherwise;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      throw optionError(option, `a whole number from ${least} to ${most}`, value);
    }
    return value;
  }

  oneOf<T extends string>(option: string, choices: readonly T[], otherwise: T): T {
    const value = this.#take(option) ?? otherwise;
    const chosen = choices.find((choice) => choice === value);
    if (chosen === undefined) throw optionError(option, `one of ${choices.join(', ')}`, value);
    return chosen;
  }

  /** An absolute path without `..` in the container. */
  containerPath(option: string, otherwise?: string): string {
    const value = this.string(option, otherwise);
    if (!value.startsWith('/') || value.split('/').includes('..') || value.includes('\0')) {
      throw optionError(option, 'an absolute path without ".."', value);
    }
    return value;
  }

  /** Refuses options that were not read, so that a typo is not passed over. */
  done<T>(options: T): T {
    const unknown = Object.keys(this.#given).find((option) => !this.#known.has(option));
    if (unknown === undefined) return options;
    const known = [...this.#known].join(', ');
    throw new NsinitError(
      'NSINIT_OPTION',
      `there is no option ${unknown}${known === '' ? '' : `; there are ${known}`}`,
    );
  }
}
