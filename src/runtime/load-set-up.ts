import { serialize } from 'node:v8';
import { Pipeline } from '../pipeline/pipeline.js';
import { createPreset } from '../steps/presets.js';
import { replayedSetUp } from './replayed-set-up.js';
import type { SetUp } from './set-up.js';
import type { PipelineModule, SetUpData } from './set-up-options.js';

const loaded = new Map<string, SetUp<unknown> | Promise<SetUp<unknown>>>();

// Options differ from job to job in a program that runs for long.
const MOST_LOADED = 100;

/**
 * Loads a set-up, once for each: only what is loaded already may run inside a container.
 *
 * @throws NsinitError for a wrong option; what importing a module throws.
 */
export function loadSetUp(options: SetUpData): SetUp<unknown> | Promise<SetUp<unknown>> {
  // Not as JSON: it has no word for a bigint, and one word for every Map.
  const key = serialize(options).toString('latin1');
  const known = loaded.get(key);
  if (known !== undefined) return known;
  if (loaded.size >= MOST_LOADED) loaded.clear();
  const setUp =
    options.pipeline === undefined ? presetSetUp(options) : moduleSetUp(options.pipeline, options);
  loaded.set(key, setUp);
  if (setUp instanceof Promise) {
    setUp.then(
      (ready) => loaded.set(key, ready),
      () => loaded.delete(key),
    );
  }
  return setUp;
}

function presetSetUp(options: SetUpData): SetUp<unknown> {
  const throwaway = options.presetOptions?.throwaway ?? options.rootfs === undefined;
  const pipeline = createPreset(options.preset ?? 'standard', {
    ...options.presetOptions,
    throwaway,
  });
  return replayedSetUp(pipeline, options);
}

async function moduleSetUp(
  { module, export: name, args }: PipelineModule,
  options: SetUpData,
): Promise<SetUp<unknown>> {
  const exported = ((await import(module)) as Record<string, unknown>)[name];
  if (typeof exported !== 'function')
    throw new TypeError(`${module} exports no function ${JSON.stringify(name)}`);
  const made: unknown = await (exported as (args: unknown) => unknown)(args);
  if (made instanceof Pipeline) return replayedSetUp(made, options);
  if (typeof made === 'function') return made as SetUp<unknown>;
  throw new TypeError(`${name} of ${module} returned neither a Pipeline nor a function`);
}
