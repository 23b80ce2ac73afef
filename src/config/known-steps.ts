import type { StepClass } from '../pipeline/step.js';
import { BUILT_IN_STEPS } from '../steps/built-in-steps.js';
import type { LoadedPlugins } from './load-plugins.js';

/** The steps that a configuration may name: those of nsinit and those of its plugins. */
export class KnownSteps {
  readonly #steps: ReadonlyMap<string, StepClass<unknown>>;

  constructor(private readonly plugins: LoadedPlugins) {
    this.#steps = new Map([
      ...BUILT_IN_STEPS.map((step) => [step.stepName, step] as const),
      ...plugins.steps,
    ]);
  }

  get names(): readonly string[] {
    return [...this.#steps.keys()];
  }

  find(name: string): StepClass<unknown> | undefined {
    return this.#steps.get(name);
  }

  /** Whether a name may be one of a plugin that could not be loaded: that is told once. */
  mayBeOfFailed(name: string): boolean {
    return this.plugins.failed.some(
      (module) => name.includes(':') || module.startsWith('nsinit/plugins/'),
    );
  }
}
