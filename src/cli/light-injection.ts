import { createRequire } from 'node:module';
import type * as Tsyringe from 'tsyringe';

// What the bundle has in the place of tsyringe and reflect-metadata, which take 2 ms to load: the
// steps that are bundled need two decorators of it, and a step of somebody else brings its own.

interface Decorated {
  inject?: unknown[];
}

/** Writes a parameter's token where `static inject` has it, which is read before metadata are. */
export function inject(token: unknown): ParameterDecorator {
  return (type, _method, index) => {
    const decorated = type as Decorated;
    const tokens = Object.hasOwn(decorated, 'inject') ? (decorated.inject ?? []) : [];
    tokens[index] = token;
    decorated.inject = tokens;
  };
}

/** In tsyringe it makes a class known to the container; steps are not made by that. */
export function injectable(): ClassDecorator {
  return () => undefined;
}

type Container = Pick<Tsyringe.DependencyContainer, 'isRegistered' | 'createChildContainer'>;

const load = (): Container => {
  const require = createRequire(import.meta.url);
  require('reflect-metadata');
  return (require('tsyringe') as typeof Tsyringe).container;
};

/** tsyringe's own, loaded when a step is made that asks for what it was not given. */
export const container: Container = {
  isRegistered: (token, recursive) => load().isRegistered(token, recursive),
  createChildContainer: () => load().createChildContainer(),
};
