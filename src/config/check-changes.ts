import { OptionError } from '../pipeline/errors.js';
import type { StepClass } from '../pipeline/step.js';
import type { ConfiguredChange } from './config.js';
import type { ConfigPath, ConfigProblems } from './config-problems.js';
import type { KnownSteps } from './known-steps.js';

/**
 * Looks at changes to a list of steps, one after the other, by name alone: one that is wrong does
 * not keep the later ones from being looked at.
 */
export class ChangeChecker {
  /** @param names the steps at the start; undefined where they cannot be known. */
  constructor(
    private readonly known: KnownSteps,
    private readonly names: string[] | undefined,
    private readonly problems: ConfigProblems,
  ) {}

  check(change: ConfiguredChange, path: ConfigPath): void {
    const { replace, options } = change;
    const step = change.step ?? replace;
    if (step !== undefined) {
      const found = this.#find(step, [...path, change.step === undefined ? 'replace' : 'step']);
      if (found !== undefined) this.#checkOptions(found, options, path);
      else if (change.step === undefined) return;
    }
    const put = step === undefined || !this.#mayBeThere(step) ? [] : [step];
    const [property, name] = anchorOf(change);
    const at = name === undefined ? undefined : this.#placeOf(name, [...path, property]);
    if (at === undefined) {
      if (name === undefined) this.names?.push(...put);
      return;
    }
    const taken = property === 'replace' || property === 'remove' ? 1 : 0;
    this.names?.splice(property === 'after' ? at + 1 : at, taken, ...put);
  }

  #find(name: string, path: ConfigPath): StepClass<unknown> | undefined {
    const found = this.known.find(name);
    if (!this.#mayBeThere(name)) {
      const hint = 'a plugin with another one has to be named in "plugins"';
      this.problems.add(path, `${this.#none(name)}; ${hint}`);
    }
    return found;
  }

  #mayBeThere(name: string): boolean {
    return this.known.find(name) !== undefined || this.known.mayBeOfFailed(name);
  }

  #none(name: string): string {
    return `there is no step ${JSON.stringify(name)}; there are ${this.known.names.join(', ')}`;
  }

  #checkOptions(step: StepClass<unknown>, options: unknown, path: ConfigPath): void {
    try {
      step.parse(options);
    } catch (error) {
      const at = options === undefined ? path : [...path, 'options'];
      const option = error instanceof OptionError ? error.option : '';
      this.problems.add(
        [...at, ...placeIn(options, option)],
        error instanceof Error ? error.message : String(error),
      );
    }
  }

  #placeOf(name: string, path: ConfigPath): number | undefined {
    const at = this.names?.indexOf(name);
    if (at !== undefined && at >= 0) return at;
    if (this.known.mayBeOfFailed(name)) return undefined;
    if (this.known.find(name) === undefined) this.problems.add(path, this.#none(name));
    else if (this.names !== undefined) {
      const there = this.names.join(', ');
      this.problems.add(path, `${name} is not in the pipeline here; there are ${there}`);
    }
    return undefined;
  }
}

/** The step that a change refers to, and how. */
function anchorOf(
  change: ConfiguredChange,
): readonly ['before' | 'after' | 'replace' | 'remove', string | undefined] {
  const { before, after, replace, remove } = change;
  if (before !== undefined) return ['before', before];
  if (after !== undefined) return ['after', after];
  if (replace !== undefined) return ['replace', replace];
  return ['remove', remove];
}

/** Where an option is that an error names as `mounts[0].target`, as far as it is there. */
function placeIn(options: unknown, option: string): ConfigPath {
  const path: (string | number)[] = [];
  let at = options;
  for (const name of option.match(/[^.[\]]+/g) ?? []) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) break;
    path.push(Array.isArray(at) ? Number(name) : name);
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return path;
}
