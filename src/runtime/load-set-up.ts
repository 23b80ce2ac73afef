import type { SetUp } from './set-up.js';
import type { SetUpOptions } from './set-up-options.js';

const loaded = new Map<string, Promise<SetUp>>();

/** Loads a set-up, once for each: only what is loaded already may run inside a container. */
export function loadSetUp(options: SetUpOptions): Promise<SetUp> {
  const key = JSON.stringify(options);
  let setUp = loaded.get(key);
  if (setUp === undefined) {
    setUp = load(options);
    loaded.set(key, setUp);
  }
  return setUp;
}

async function load({ setUp: { module, export: name, args } }: SetUpOptions): Promise<SetUp> {
  const exports = (await import(module)) as Record<string, unknown>;
  const factory = exports[name];
  if (typeof factory !== 'function') throw new TypeError(`${module} has no function ${name}`);
  return (factory as (args: unknown) => SetUp)(args);
}
