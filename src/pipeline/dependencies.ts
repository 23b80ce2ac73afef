import 'reflect-metadata';
import { NsinitError } from './errors.js';

/** A class whose constructor may take services. */
// What it takes is between the class and the container; it is not ours to know.
// oxlint-disable-next-line typescript/no-explicit-any
export type ServiceClass<T = unknown> = new (...dependencies: any[]) => T;

/** Under which a service is registered. */
export type Token<T = unknown> = string | symbol | ServiceClass<T>;

/** What is done to a service before it is given, as by tsyringe's `injectWithTransform`. */
export interface Transformer {
  /** Makes of the service what is injected. */
  transform(service: unknown, ...args: readonly unknown[]): unknown;
}

/** A token with more to say, of the same form as the decorators of tsyringe leave behind. */
export interface TokenDescriptor {
  readonly token: Dependency;
  /** All services of that token, as an array. */
  readonly multiple?: boolean;
  /** Undefined (or an empty array) when nothing is registered. */
  readonly isOptional?: boolean;
  readonly transform?: Token<Transformer>;
  readonly transformArgs?: readonly unknown[];
}

/** What tsyringe's `delay` makes: a class that is not defined yet. */
export interface DelayedToken {
  /** Something that stands for the service until it is used. */
  createProxy(make: (token: Token) => unknown): unknown;
}

/** What a parameter of a constructor is to be given. */
export type Dependency = Token | TokenDescriptor | DelayedToken;

/** A class that names its dependencies itself, without decorators. */
interface DeclaringClass {
  readonly inject?: readonly Dependency[];
}

/**
 * What the constructor of a class takes, one entry a parameter; undefined where nothing is said
 * and the parameter has a default.
 *
 * It is read from `static inject`, or else from what decorators have written to the metadata of
 * Reflect: that is one for the whole process, and the registry of types inside tsyringe is not,
 * where two copies of it are loaded.
 *
 * @throws NsinitError `NSINIT_INJECTION` for a parameter of which nothing is said.
 */
export function dependenciesOf(type: ServiceClass): readonly (Dependency | undefined)[] {
  let dependencies = known.get(type);
  if (dependencies === undefined) known.set(type, (dependencies = readDependencies(type)));
  return dependencies;
}

// A set-up makes a dozen steps, in half a millisecond: metadata are read once a class.
const known = new WeakMap<ServiceClass, readonly (Dependency | undefined)[]>();

function readDependencies(type: ServiceClass): readonly (Dependency | undefined)[] {
  const declared = findDeclared(type);
  const count = Math.max(type.length, declared.length);
  return Array.from({ length: count }, (_, index) => {
    const dependency = declared[index];
    // `length` leaves out parameters with a default.
    if (dependency === undefined && index < type.length) throw undeclared(type, index);
    return dependency;
  });
}

// A subclass without a constructor of its own has the dependencies of its parent.
function findDeclared(type: ServiceClass): readonly (Dependency | undefined)[] {
  for (let at: unknown = type; isClass(at); at = Object.getPrototypeOf(at)) {
    const declared = declaredBy(at);
    if (declared !== undefined) return declared;
    if (at.length > 0) return [];
  }
  return [];
}

function isClass(value: unknown): value is ServiceClass & DeclaringClass {
  return typeof value === 'function' && value !== Function.prototype;
}

function declaredBy(
  type: ServiceClass & DeclaringClass,
): readonly (Dependency | undefined)[] | undefined {
  if (Object.hasOwn(type, 'inject')) {
    if (Array.isArray(type.inject)) return type.inject;
    throw new NsinitError(
      'NSINIT_INJECTION',
      `static inject of ${type.name} must be an array with a token for each parameter`,
    );
  }
  const tokens = ownMetadata('injectionTokens', type) as
    Readonly<Record<number, Dependency>> | undefined;
  const types = ownMetadata('design:paramtypes', type) as readonly Dependency[] | undefined;
  if (tokens === undefined && types === undefined) return undefined;
  const indexes = Object.keys(tokens ?? {}).map(Number);
  const count = Math.max(types?.length ?? 0, ...indexes.map((index) => index + 1));
  return Array.from(
    { length: count },
    (_, index) => tokens?.[index] ?? serviceType(types?.[index]),
  );
}

// The command has no reflect-metadata unless a step of somebody else has brought it.
const ownMetadata = (key: string, type: ServiceClass): unknown =>
  'getOwnMetadata' in Reflect ? Reflect.getOwnMetadata(key, type) : undefined;

// What the compiler writes for a parameter whose type is no class: they name no service.
const PLAIN_TYPES: ReadonlySet<unknown> = new Set([
  Object,
  String,
  Number,
  Boolean,
  Array,
  Function,
  Symbol,
  BigInt,
  Promise,
]);

function serviceType(type: Dependency | undefined): Dependency | undefined {
  return PLAIN_TYPES.has(type) ? undefined : type;
}

function undeclared(type: ServiceClass, index: number): NsinitError {
  return new NsinitError(
    'NSINIT_INJECTION',
    `nothing says what parameter ${index + 1} of ${type.name || 'the constructor'} is to be given: decorate it with @inject(TOKEN), or list a token for each parameter in "static inject"`,
  );
}
