/** What is wrong with a configuration, and what is not carried out: each with its JSON path. */
export class ConfigReport {
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  readonly #accepted: ReadonlySet<string>;

  /** @param accepted JSON paths of fields that are passed over although they would be refused. */
  constructor(accepted: readonly string[] = []) {
    this.#accepted = new Set(accepted);
  }

  /** A field that is not carried out, and without which the container would be less confined. */
  refuse(path: string, why: string): void {
    if (this.#accepted.has(path)) this.warnings.push(`${path}: ${why}`);
    else this.problems.push(`${path}: ${why}`);
  }
}

/** A value of the configuration that nobody has checked yet, with the way to it. */
export class ConfigValue {
  constructor(
    readonly raw: unknown,
    readonly path: string,
    readonly report: ConfigReport,
  ) {}

  /** Whether it is there; `null` counts as left out, as Go's encoders write it. */
  get given(): boolean {
    return this.raw !== undefined && this.raw !== null;
  }

  problem(text: string): void {
    this.report.problems.push(`${this.path}: ${text}`);
  }

  warn(text: string): void {
    this.report.warnings.push(`${this.path}: ${text}`);
  }

  refuse(why: string): void {
    this.report.refuse(this.path, why);
  }

  /** A field of an object; one that is not there when this is none. */
  at(name: string): ConfigValue {
    const place = /^[A-Za-z_]\w*$/.test(name)
      ? `${this.path}.${name}`
      : `${this.path}[${JSON.stringify(name)}]`;
    return new ConfigValue(this.isObject ? this.#fields[name] : undefined, place, this.report);
  }

  get isObject(): boolean {
    return typeof this.raw === 'object' && this.raw !== null && !Array.isArray(this.raw);
  }

  get #fields(): Readonly<Record<string, unknown>> {
    return this.raw as Record<string, unknown>;
  }

  /** Its fields by name; a problem when it is something else than an object. */
  fields(): readonly (readonly [name: string, value: ConfigValue])[] {
    if (!this.given) return [];
    if (this.isObject) return Object.keys(this.#fields).map((name) => [name, this.at(name)]);
    this.#mustBe('an object');
    return [];
  }

  /** Its items; a problem when it is something else than a list. */
  items(): readonly ConfigValue[] {
    if (!this.given) return [];
    if (Array.isArray(this.raw))
      return this.raw.map(
        (item: unknown, index) => new ConfigValue(item, `${this.path}[${index}]`, this.report),
      );
    this.#mustBe('a list');
    return [];
  }

  /** Says of each field that the specification does not have that it is passed over. */
  warnOfOthers(known: readonly string[]): void {
    for (const [name, value] of this.fields())
      if (!known.includes(name)) value.warn('is not in the specification: passed over');
  }

  string(otherwise?: string): string {
    if (!this.given && otherwise !== undefined) return otherwise;
    if (typeof this.raw === 'string' && !this.raw.includes('\0')) return this.raw;
    this.#mustBe('a string');
    return otherwise ?? '';
  }

  boolean(otherwise: boolean): boolean {
    if (!this.given) return otherwise;
    if (typeof this.raw === 'boolean') return this.raw;
    this.#mustBe('true or false');
    return otherwise;
  }

  integer(least: number, most: number, otherwise?: number): number {
    if (!this.given && otherwise !== undefined) return otherwise;
    const value = this.raw;
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)
      return value as number;
    this.#mustBe(`a whole number from ${least} to ${most}`);
    return otherwise ?? least;
  }

  oneOf<T extends string>(choices: readonly T[]): T | undefined {
    const chosen = choices.find((choice) => choice === this.raw);
    if (chosen === undefined) this.#mustBe(`one of ${choices.join(', ')}`);
    return chosen;
  }

  strings(): readonly string[] {
    return this.items().map((item) => item.string());
  }

  /** An absolute path, without what leads back or nowhere. */
  absolutePath(what: string): string {
    const value = this.string();
    if (value === '' && typeof this.raw !== 'string') return '/';
    if (value.startsWith('/')) return cleanPath(value);
    this.problem(`must be an absolute path ${what}, not ${JSON.stringify(value)}`);
    return '/';
  }

  #mustBe(wanted: string): void {
    const found = this.given ? JSON.stringify(this.raw) : 'missing';
    this.problem(
      this.given
        ? `must be ${wanted}, not ${found.length > 60 ? `${found.slice(0, 57)}...` : found}`
        : `is missing: it must be ${wanted}`,
    );
  }
}

/** A path as the container's root sees it: absolute, without `.`, and `..` leads to `/` at most. */
export function cleanPath(path: string): string {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}`;
}
