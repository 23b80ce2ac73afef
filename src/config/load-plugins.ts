import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { resolve as resolveModule } from 'import-meta-resolve';
import type { Service } from '../pipeline/injection.js';
import type { StepClass } from '../pipeline/step.js';
import type { ConfiguredPlugin } from './config.js';
import type { ConfigPath, ConfigProblems } from './config-problems.js';

/**
 * A module of steps. Each exported class with a `stepName` and a `parse` is a step; the names of
 * the exports do not matter.
 */
export interface PluginModule {
  /** Makes the services that the steps want injected, before any namespace is entered. */
  createServices?(options: unknown): readonly Service[] | Promise<readonly Service[]>;
}

/** What the plugins of a configuration bring along. */
export interface LoadedPlugins {
  readonly steps: ReadonlyMap<string, StepClass<unknown>>;
  readonly services: readonly Service[];
  /** The modules that could not be loaded. */
  readonly failed: readonly string[];
}

/** Loads the plugins that a configuration names; nothing is looked for. */
export async function loadPlugins(
  plugins: readonly (string | ConfiguredPlugin)[],
  file: string,
  problems: ConfigProblems,
): Promise<LoadedPlugins> {
  const steps = new Map<string, StepClass<unknown>>();
  const services: Service[] = [];
  const failed: string[] = [];
  for (const [index, given] of plugins.entries()) {
    const path = ['plugins', index];
    if (!problems.isSound(path)) continue;
    const plugin = typeof given === 'string' ? { module: given } : given;
    const at = typeof given === 'string' ? path : [...path, 'module'];
    try {
      const exports = await importPlugin(plugin.module, file);
      for (const step of chooseSteps(plugin, exports, { path, at, problems }))
        addStep(steps, step, (message) => problems.add(at, message));
      services.push(...(await createServices(plugin, exports, path, problems)));
    } catch (error) {
      failed.push(plugin.module);
      problems.add(at, `cannot be loaded: ${messageOf(error)}`);
    }
  }
  return { steps, services, failed };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type Exports = Readonly<Record<string, unknown>>;

async function importPlugin(module: string, file: string): Promise<Exports> {
  const loaded = (await import(locate(module, file))) as Exports;
  // Node names only those exports of a CommonJS module that it finds by reading its text.
  const { default: whole } = loaded;
  return typeof whole === 'object' && whole !== null
    ? { ...(whole as Exports), ...loaded }
    : loaded;
}

function locate(module: string, file: string): string {
  if (/^\.{0,2}\//.test(module)) {
    const path = resolve(dirname(file), module);
    if (!existsSync(path)) throw new Error(`there is no file ${path}`);
    return pathToFileURL(path).href;
  }
  // Its own plugins are those of this very version, also where it is not installed by the file.
  const from = module.startsWith('nsinit/') ? import.meta.url : pathToFileURL(file).href;
  return resolveModule(module, from);
}

interface Place {
  readonly path: ConfigPath;
  /** Where the module is named. */
  readonly at: ConfigPath;
  readonly problems: ConfigProblems;
}

function chooseSteps(
  { module, exports: names }: ConfiguredPlugin,
  exports: Exports,
  { path, at, problems }: Place,
): StepClass<unknown>[] {
  if (names === undefined) {
    const steps = [...new Set(Object.values(exports).filter(isStepClass))];
    if (steps.length === 0) problems.add(at, `${module} exports no step`);
    return steps;
  }
  return names.flatMap((name, index) => {
    const step = Object.hasOwn(exports, name) ? exports[name] : undefined;
    if (isStepClass(step)) return [step];
    const known = Object.keys(exports).filter((other) => isStepClass(exports[other]));
    problems.add(
      [...path, 'exports', index],
      step === undefined
        ? `${module} does not export it; its steps are ${known.join(', ') || 'none'}`
        : 'is not a step class: it needs stepName and parse',
    );
    return [];
  });
}

function isStepClass(value: unknown): value is StepClass<unknown> {
  if (typeof value !== 'function') return false;
  const { stepName, parse } = value as Partial<StepClass<unknown>>;
  return typeof stepName === 'string' && typeof parse === 'function';
}

function addStep(
  steps: Map<string, StepClass<unknown>>,
  step: StepClass<unknown>,
  report: (message: string) => void,
): void {
  const known = steps.get(step.stepName);
  if (known !== undefined && known !== step)
    report(`another plugin has a step ${step.stepName} too: say which "exports" to take`);
  else steps.set(step.stepName, step);
}

async function createServices(
  { module, options }: ConfiguredPlugin,
  exports: Exports,
  path: ConfigPath,
  problems: ConfigProblems,
): Promise<readonly Service[]> {
  const { createServices: create } = exports as PluginModule;
  if (create === undefined) {
    if (options !== undefined) {
      const where = 'give those of a step where the step is put';
      problems.add([...path, 'options'], `${module} exports no createServices for them; ${where}`);
    }
    return [];
  }
  try {
    const services: unknown = await create(options);
    if (!Array.isArray(services)) throw new Error('createServices must return a list of services');
    return services as readonly Service[];
  } catch (error) {
    problems.add(options === undefined ? path : [...path, 'options'], messageOf(error));
    return [];
  }
}
