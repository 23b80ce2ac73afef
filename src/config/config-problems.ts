import { NsinitError } from '../pipeline/errors.js';

/** Where a value is: names and indexes from the top on. */
export type ConfigPath = readonly (string | number)[];

/** A place in a text, counted from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** Something that is wrong with a configuration. */
export interface ConfigProblem {
  /** As `$.steps[1].options.size`. */
  readonly path: string;
  readonly message: string;
  /** Where the file is a text. */
  readonly place?: TextPlace | undefined;
}

/** A configuration cannot be used: everything that is wrong with it, at once. */
export class ConfigError extends NsinitError {
  override readonly name = 'ConfigError';

  constructor(
    readonly file: string,
    readonly problems: readonly ConfigProblem[],
  ) {
    const lines = problems.map(({ path, message, place }) => {
      const at = place === undefined ? '' : `:${place.line}:${place.column}`;
      return `${file}${at}: ${path}: ${message}`;
    });
    super('NSINIT_CONFIG', lines.join('\n'));
  }
}

/** Collects what is wrong, so that all of it is told. */
export class ConfigProblems {
  readonly #found: { readonly path: ConfigPath; readonly message: string }[] = [];

  add(path: ConfigPath, message: string): void {
    this.#found.push({ path, message });
  }

  get none(): boolean {
    return this.#found.length === 0;
  }

  /** Whether nothing is wrong at a path, above it or below it. */
  isSound(path: ConfigPath): boolean {
    return !this.#found.some(({ path: at }) => {
      const common = Math.min(at.length, path.length);
      return path.slice(0, common).every((name, index) => name === at[index]);
    });
  }

  /** @param locate finds a path's place in the text. */
  toError(file: string, locate: (path: ConfigPath) => TextPlace | undefined): ConfigError {
    const problems = this.#found.map(({ path, message }) => ({
      path: formatPath(path),
      message,
      place: locate(path),
    }));
    return new ConfigError(file, problems);
  }
}

function formatPath(path: ConfigPath): string {
  const parts = path.map((name) =>
    typeof name === 'string' && /^[\w$]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`,
  );
  return `$${parts.join('')}`;
}
