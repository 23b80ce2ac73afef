import { hostPath, type HostPath } from '../syscalls/paths.js';
import { OptionError } from './errors.js';

/** An option's value is not what the step takes. */
export function optionError(option: string, wanted: string, value: unknown): OptionError {
  return new OptionError(
    option,
    `option ${option} must be ${wanted}, not ${JSON.stringify(value) ?? 'undefined'}`,
  );
}

/**
 * Reads untrusted options by name; what nobody asked for is refused by `done`. Each method takes
 * what an option is unless it is given; without that it has to be. All throw an `OptionError` that
 * names the option.
 */
export class OptionReader {
  readonly #given: Readonly<Record<string, unknown>>;
  readonly #known = new Set<string>();

  /** @param place of an object inside the options, such as `mounts[0]`; for messages. */
  constructor(
    input: unknown,
    private readonly place = '',
  ) {
    if (input === undefined || input === null) {
      this.#given = {};
    } else if (typeof input === 'object' && !Array.isArray(input)) {
      this.#given = input as Record<string, unknown>;
    } else {
      throw optionError(place || '(all)', 'an object', input);
    }
  }

  #take(option: string): unknown {
    this.#known.add(option);
    return this.#given[option];
  }

  #wrong(option: string, wanted: string, value: unknown): OptionError {
    return optionError(this.nameOf(option), wanted, value);
  }

  /** The name of an option with its place, as messages have it. */
  nameOf(option: string): string {
    return this.place === '' ? option : `${this.place}.${option}`;
  }

  /** Whether an option was given. */
  has(option: string): boolean {
    return (this.#take(option) ?? undefined) !== undefined;
  }

  /** Whether an option has this very value. */
  is(option: string, value: unknown): boolean {
    return this.#take(option) === value;
  }

  /** True or false. */
  boolean(option: string, otherwise?: boolean): boolean {
    const value = this.#take(option) ?? otherwise;
    if (typeof value !== 'boolean') throw this.#wrong(option, 'true or false', value);
    return value;
  }

  /** A text without a NUL byte. */
  string(option: string, otherwise?: string): string {
    const value = this.#take(option) ?? otherwise;
    if (typeof value !== 'string' || value.includes('\0'))
      throw this.#wrong(option, 'a string', value);
    return value;
  }

  /** A text, which may be given as a number: a size, the value of a setting. */
  stringOrInteger(option: string, otherwise?: string): string {
    const value = this.#take(option) ?? otherwise;
    return Number.isInteger(value) ? String(value) : this.string(option, otherwise);
  }

  /** A whole number, from the least to the most. */
  integer(option: string, least: number, most: number, otherwise?: number): number {
    const value = this.#take(option) ?? otherwise;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      throw this.#wrong(option, `a whole number from ${least} to ${most}`, value);
    }
    return value;
  }

  /** One of some words. */
  oneOf<T extends string>(option: string, choices: readonly T[], otherwise?: NoInfer<T>): T {
    const value = this.#take(option) ?? otherwise;
    const chosen = choices.find((choice) => choice === value);
    if (chosen === undefined) throw this.#wrong(option, `one of ${choices.join(', ')}`, value);
    return chosen;
  }

  /** An absolute path without `..` in the container. */
  containerPath(option: string, otherwise?: string): string {
    const value = this.string(option, otherwise);
    if (!value.startsWith('/') || value.split('/').includes('..') || value.includes('\0')) {
      throw this.#wrong(option, 'an absolute path without ".."', value);
    }
    return value;
  }

  /** A place in the container below its root. */
  mountPoint(option: string, otherwise?: string): string {
    const value = this.containerPath(option, otherwise);
    if (/^[/.]+$/.test(value)) throw this.#wrong(option, 'a path below the root', value);
    return value;
  }

  /** An absolute path of the host. */
  hostPath(option: string, otherwise?: string): HostPath {
    const value = this.string(option, otherwise);
    if (!value.startsWith('/')) throw this.#wrong(option, 'an absolute path of the host', value);
    return hostPath(value);
  }

  /** Permission bits: octal digits, or a number. */
  fileMode(option: string, otherwise?: number): number {
    const value = this.#take(option) ?? otherwise;
    if (typeof value === 'string' && /^[0-7]{1,5}$/.test(value)) {
      const mode = Number.parseInt(value, 8);
      if (mode <= 0o7777) return mode;
    } else if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0o7777) {
      return value as number;
    }
    throw this.#wrong(option, 'octal digits such as "0755"', value);
  }

  /** What was given, or nothing: `read` is only asked for what is there. */
  optional<T>(option: string, read: (option: string) => T): T | undefined {
    return this.has(option) ? read.call(this, option) : undefined;
  }

  /** An object inside the options, with a reader of its own. */
  object<T>(option: string, read: (given: OptionReader) => T): T {
    return read(new OptionReader(this.#take(option), this.nameOf(option)));
  }

  /** A list; `read` is given each item as an option of its own, named by its place. */
  list<T>(option: string, read: (item: OptionReader, name: string) => T): readonly T[] {
    const value = this.#take(option) ?? [];
    if (!Array.isArray(value)) throw this.#wrong(option, 'a list', value);
    return value.map((item: unknown, index) => {
      const name = `${this.nameOf(option)}[${index}]`;
      return read(new OptionReader({ [name]: item }), name);
    });
  }

  /** A list of objects, each with a reader of its own. */
  objects<T>(option: string, read: (given: OptionReader) => T): readonly T[] {
    return this.list(option, (item, name) => {
      if (!item.has(name)) throw optionError(name, 'an object', null);
      return item.object(name, read);
    });
  }

  /** Texts by names, such as the settings of sysctl(8). */
  texts(option: string): Readonly<Record<string, string>> {
    return this.object(option, (given) => given.#texts());
  }

  #texts(): Record<string, string> {
    return Object.fromEntries(
      Object.keys(this.#given).map((name) => [name, this.stringOrInteger(name)]),
    );
  }

  /** Refuses options that were not read, so that a typo is not passed over. */
  done<T>(options: T): T {
    const unknown = Object.keys(this.#given).find((option) => !this.#known.has(option));
    if (unknown === undefined) return options;
    const known = [...this.#known].join(', ');
    throw new OptionError(
      this.nameOf(unknown),
      `there is no option ${this.nameOf(unknown)}${known === '' ? '' : `; there are ${known}`}`,
    );
  }
}
