import type { Fd } from '../syscalls/descriptor.js';
import type { ErrnoName } from '../syscalls/errno.js';
import type { RootDir } from '../syscalls/root-dir.js';
import type { Dependency } from './dependencies.js';
import type { Expectation } from './expectation.js';
import type { CallName } from '../syscalls/syscalls.js';
import type { Key } from './key.js';
import type { Logger } from './logger.js';
import type { PrepareContext, RehearseContext } from './prepare.js';

/** Whose tree a step's paths refer to: before the root switch, after it, or it does not matter. */
export type View = 'host' | 'container' | 'either';

/** What is done instead when the kernel refuses, and what that costs. */
export interface Fallback {
  /** Error names that lead to it. */
  readonly when: readonly string[];
  readonly instead: string;
  /** What is lost, above all in security. */
  readonly cost: string;
}

/** Errors that are no failure: what they mean is known, and the step goes on. */
export interface Tolerance {
  readonly call: CallName;
  readonly errnos: readonly ErrnoName[];
  /** What such an error says, and what the step does then. */
  readonly because: string;
}

/** What a step is given. */
export interface StepContext {
  /** The root by descriptor; every path inside resolves through it. */
  readonly root: RootDir;
  readonly logger: Logger;
  /** How to take back what has just succeeded. Last in, first out; until the root switch. */
  defer(undo: () => void): void;
  /** Keeps a descriptor open until the run ends, and closes it then. */
  keep(fd: Fd): Fd;
  /** Promises something of the finished container; `verify` holds the step to it. */
  expect(expected: Expectation): void;
  /** Hands something to later steps. */
  provide<T>(key: Key<T>, value: T): void;
  /** What an earlier step handed over. @throws NsinitError when nobody did. */
  need<T>(key: Key<T>): T;
  /** The same, or undefined. */
  find<T>(key: Key<T>): T | undefined;
  /**
   * Takes a declared fallback: it is recorded in the report.
   *
   * @throws the given error when fallbacks are forbidden.
   */
  fallBack(name: string, error: unknown): void;
}

/** One phase of a root's set-up. */
export interface Step<O> {
  /** What it will do, a line an action. Has no effects. */
  describe(options: O): string | readonly string[];
  /** Does it. Synchronous: Node's other threads are in the host's mount namespace. */
  execute(options: O, context: StepContext): void;
  /**
   * Slow or asynchronous work, such as fetching and unpacking: on the host, before any namespace is
   * entered. What it makes reaches `execute` by a key. A method, so that it is known of the class.
   */
  prepare?(options: O, host: PrepareContext): Promise<void>;
  /** In a plan, which prepares nothing: hands `execute` something in its place. Has no effects. */
  rehearse?(options: O, plan: RehearseContext): void;
}

/** The class of a step, and what is known of it before it runs. */
export interface StepClass<O> {
  // What a constructor takes is between the class and the container; it is not ours to know.
  // oxlint-disable-next-line typescript/no-explicit-any
  new (...dependencies: any[]): Step<O>;
  /** kebab-case; of third parties `vendor:name`. */
  readonly stepName: string;
  readonly view: View;
  /** What the constructor is to be given, a token for each parameter, in place of decorators. */
  readonly inject?: readonly Dependency[];
  /** Steps that have to come before, where they are in the pipeline. Asserted, never used to sort. */
  readonly after?: readonly string[];
  /** It moves the root; steps behind it see the container's tree. */
  readonly switchesRoot?: true;
  /** Whether these options make the root read-only, so that nothing may be written behind it. */
  readonlyRoot?(options: O): boolean;
  /** Whether it may stand in a pipeline more than once. */
  readonly repeatable?: true;
  /** Whether there is something to prepare with these options; there is unless told. */
  needsPrepare?(options: O): boolean;
  /**
   * Whether it does the same wherever the kernel answers the same: by its options and those answers
   * alone, without a clock, a counter or a service of its own, and with no effect but its calls. A
   * set-up of such steps is replayed when it has run before. It is asked of the class itself, and
   * not inherited.
   */
  readonly replayable?: true;
  /** Whether it makes files or directories in the root. */
  readonly writesRoot?: true;
  readonly fallbacks?: Readonly<Record<string, Fallback>>;
  /** Errors that it goes on after, and that change nothing in security. */
  readonly tolerates?: readonly Tolerance[];
  /** Untrusted input to options. @throws NsinitError naming the option. */
  parse(input: unknown): O;
}
