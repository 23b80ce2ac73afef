import 'reflect-metadata';
import { container as globalContainer, inject, injectable } from 'tsyringe';
import type { Syscalls } from '../syscalls/syscalls.js';
import {
  dependenciesOf,
  type Dependency,
  type ServiceClass,
  type Token,
  type TokenDescriptor,
  type Transformer,
} from './dependencies.js';
import { NsinitError } from './errors.js';
import { silentLogger, type Logger } from './logger.js';
import { checkStep } from './step-class.js';
import type { Step, StepClass } from './step.js';

export { inject, injectable };

// Symbol.for, so that two copies of the package agree on them.
/** Token of the adapter that a step makes its calls with. */
export const SYSCALLS: symbol = Symbol.for('nsinit.Syscalls');
/** Token of the run's logger. */
export const LOGGER: symbol = Symbol.for('nsinit.Logger');

/** A container of services: tsyringe's, also of another copy of it than the one used here. */
export interface ServiceContainer {
  /** Whether it has a service, `recursive` in its parents too. */
  isRegistered(token: Token, recursive?: boolean): boolean;
  /** The service of a token, the last that was registered. */
  resolve<T>(token: Token<T>): T;
  /** All services of a token. */
  resolveAll<T>(token: Token<T>): T[];
  /** Adds a service. */
  register<T>(token: Token<T>, provider: { readonly useValue: T }): unknown;
  /** A container that has what this one has, and may get more. */
  createChildContainer(): ServiceContainer;
}

/** A service for the steps of a run. */
export type Service = readonly [token: Token, service: unknown];

/**
 * A container for one run: what is registered in it ends with the run.
 *
 * @param parent the application's own container, whose services third-party steps may want.
 * @throws NsinitError `NSINIT_INJECTION` for a service that is undefined.
 */
export function createRunContainer(
  syscalls: Syscalls,
  logger: Logger = silentLogger,
  parent: ServiceContainer = globalContainer,
  services: readonly Service[] = [],
): ServiceContainer {
  const child = new RunContainer(parent);
  child.register(SYSCALLS, { useValue: syscalls });
  child.register(LOGGER, { useValue: logger });
  for (const [token, service] of services) {
    if (service === undefined || service === null)
      throw new NsinitError('NSINIT_INJECTION', `the service ${nameOf(token)} is ${service}`);
    child.register(token, { useValue: service });
  }
  return child;
}

/**
 * A child of the parent that is made when somebody asks for what only the parent has: most runs
 * need the adapter alone, and a container of tsyringe takes longer to make than a step.
 */
class RunContainer implements ServiceContainer {
  readonly #own = new Map<Token, unknown[]>();
  #child: ServiceContainer | undefined;

  constructor(private readonly parent: ServiceContainer) {}

  isRegistered(token: Token, recursive = false): boolean {
    return this.#own.has(token) || (recursive && this.parent.isRegistered(token, true));
  }

  resolve<T>(token: Token<T>): T {
    const own = this.#own.get(token);
    return own === undefined ? this.#made().resolve(token) : (own.at(-1) as T);
  }

  resolveAll<T>(token: Token<T>): T[] {
    return this.#made().resolveAll(token);
  }

  register<T>(token: Token<T>, provider: { readonly useValue: T }): this {
    const own = this.#own.get(token);
    if (own === undefined) this.#own.set(token, [provider.useValue]);
    else own.push(provider.useValue);
    this.#child?.register(token, provider);
    return this;
  }

  createChildContainer(): ServiceContainer {
    return this.#made().createChildContainer();
  }

  #made(): ServiceContainer {
    if (this.#child !== undefined) return this.#child;
    this.#child = this.parent.createChildContainer();
    for (const [token, services] of this.#own)
      for (const service of services) this.#child.register(token, { useValue: service });
    return this.#child;
  }
}

/**
 * Makes a step with its services.
 *
 * The container resolves tokens, and classes that are registered in it; other classes are made
 * here, once a run, since a container knows only those decorated by its own copy of tsyringe.
 *
 * @throws NsinitError `NSINIT_INJECTION` naming step, parameter and token; `NSINIT_STEP` when it
 *   lacks a method.
 */
export function makeStep(container: ServiceContainer, step: StepClass<unknown>): Step<unknown> {
  let made: Step<unknown>;
  try {
    // Never by the container: a singleton would keep the adapter of the first run.
    made = construct(container, step, []);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new NsinitError('NSINIT_INJECTION', `step ${step.stepName}: ${message}`, { cause });
  }
  checkStep(step.stepName, made);
  return made;
}

type Path = readonly ServiceClass[];

function construct<T>(container: ServiceContainer, type: ServiceClass<T>, path: Path): T {
  const inside = [...path, type];
  if (path.includes(type)) {
    const circle = inside.slice(path.indexOf(type)).map(({ name }) => name);
    throw new NsinitError('NSINIT_INJECTION', `classes need each other: ${circle.join(', ')}`);
  }
  const services = dependenciesOf(type).map((dependency, index) =>
    dependency === undefined
      ? undefined
      : resolve(container, dependency, { path: inside, parameter: index + 1 }),
  );
  return new type(...services);
}

/** A parameter of the constructor that is last in the path. */
interface Place {
  readonly path: Path;
  readonly parameter: number;
}

function resolve(container: ServiceContainer, dependency: Dependency, place: Place): unknown {
  if (typeof dependency !== 'object') return resolveToken(container, dependency, place);
  if ('createProxy' in dependency)
    return dependency.createProxy((token) => resolveToken(container, token, place));
  const service = resolveDescribed(container, dependency, place);
  if (dependency.transform === undefined) return service;
  const transformer = resolveToken(container, dependency.transform, place) as Transformer;
  return transformer.transform(service, ...(dependency.transformArgs ?? []));
}

function resolveDescribed(
  container: ServiceContainer,
  { token, multiple, isOptional }: TokenDescriptor,
  place: Place,
): unknown {
  if (typeof token === 'object') return resolve(container, token, place);
  const registered = container.isRegistered(token, true);
  if (isOptional === true && !registered) return multiple === true ? [] : undefined;
  if (multiple !== true) return resolveToken(container, token, place);
  return registered
    ? resolveRegistered(() => container.resolveAll(token), token, place)
    : [resolveToken(container, token, place)];
}

function resolveToken(container: ServiceContainer, token: Token, place: Place): unknown {
  if (container.isRegistered(token, true))
    return resolveRegistered(() => container.resolve(token), token, place);
  if (typeof token !== 'function') {
    throw new NsinitError(
      'NSINIT_INJECTION',
      `there is no service ${nameOf(token)} for ${describe(place)}: give it in "services", or register it in the container that is given`,
    );
  }
  const made = construct(container, token, place.path);
  container.register(token, { useValue: made });
  return made;
}

function resolveRegistered(get: () => unknown, token: Token, place: Place): unknown {
  try {
    return get();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new NsinitError(
      'NSINIT_INJECTION',
      `the service ${nameOf(token)} for ${describe(place)} cannot be made: ${message}`,
      { cause },
    );
  }
}

function describe({ path, parameter }: Place): string {
  return `parameter ${parameter} of ${path.at(-1)?.name}`;
}

function nameOf(token: Token): string {
  return typeof token === 'function' ? token.name : String(token);
}
