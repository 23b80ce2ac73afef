import { CALLS, formatArgs, type CallSpec } from './call-table.js';
import { DescriptorNames } from './descriptor-names.js';
import { DispatchedSyscalls } from './dispatched-syscalls.js';
import { ERRNO, type ErrnoName } from './errno.js';
import { boot, type SeedMachine } from './model/boot.js';
import { Refusal } from './model/errors.js';
import { execute } from './model/execute.js';
import type { Kernel } from './model/kernel.js';
import { ModelState } from './model/model-state.js';
import { OpenFile } from './model/open-file.js';
import type { SeedIdMaps } from './model/seed-tree.js';
import { UserNamespace } from './model/user-namespace.js';
import type { Param, RawArg } from './params.js';
import { hostPath, type HostPath } from './paths.js';
import { SyscallError } from './syscall-error.js';
import type { CallArgs, CallName, CallResult } from './syscalls.js';

/** One call that was made, and how it ended. */
export type RecordedCall = {
  [N in CallName]: {
    readonly name: N;
    readonly args: CallArgs<N>;
    readonly result?: CallResult<N>;
    readonly error?: Error;
  };
}[CallName];

/** Calls that only read; their answers may be declared. */
export type ReadCall =
  | 'read'
  | 'readlinkat'
  | 'getdents64'
  | 'statx'
  | 'fstatfs'
  | 'fcntl'
  | 'ioctl'
  | 'getcwd'
  | 'geteuid'
  | 'getegid';

/** What a {@link MockSyscalls} starts as. */
export interface MockOptions extends SeedMachine {
  /** Calls that this kernel lacks, or that something such as a seccomp filter forbids. */
  readonly refused?: Readonly<Partial<Record<CallName, ErrnoName>>>;
  /** /proc/sys/fs/mount-max. */
  readonly mountMax?: number;
}

interface PlannedFailure {
  readonly nth: number;
  readonly errno: ErrnoName;
  readonly name: CallName | undefined;
}

interface DeclaredAnswer {
  readonly name: ReadCall;
  readonly matches: (args: CallArgs) => boolean;
  readonly value: unknown;
}

/**
 * A modelled kernel behind the adapter: mounts, files, descriptors and permissions behave as on
 * Linux, without privileges and without a trace. It records every call, and can be told to fail.
 *
 * What the model does not know it refuses to answer, with a `NotModelledError`.
 */
export class MockSyscalls extends DispatchedSyscalls {
  readonly descriptors = new DescriptorNames();
  /** What has become of the machine. */
  readonly state: ModelState;
  readonly #kernel: Kernel;
  readonly #calls: RecordedCall[] = [];
  readonly #counts = new Map<CallName, number>();
  readonly #refused: NonNullable<MockOptions['refused']>;
  #failures: PlannedFailure[] = [];
  readonly #answers: DeclaredAnswer[] = [];

  constructor(options: MockOptions = {}) {
    super();
    this.#kernel = boot(options);
    if (options.mountMax !== undefined) this.#kernel.limits.mountMax = options.mountMax;
    this.#refused = options.refused ?? {};
    this.state = new ModelState(this.#kernel);
  }

  /** Every call that was made, in order, whatever became of it. */
  get calls(): readonly RecordedCall[] {
    return this.#calls;
  }

  /** The calls of some names, in order. */
  callsOf<N extends CallName>(
    ...names: readonly N[]
  ): readonly Extract<RecordedCall, { name: N }>[] {
    return this.#calls.filter((call): call is Extract<RecordedCall, { name: N }> =>
      (names as readonly CallName[]).includes(call.name),
    );
  }

  /**
   * Fails one call with an error, once, before it has any effect. Only close(2) releases its
   * descriptor whatever it answers (close(2), NOTES).
   *
   * @param nth which call, from 1: of the whole run, or of a name.
   * @param name counts the calls of this name only.
   */
  failAt(nth: number, errno: ErrnoName, name?: CallName): this {
    if (!Number.isInteger(nth) || nth < 1)
      throw new RangeError(`calls are counted from 1, not ${nth}`);
    this.#failures.push({ nth, errno, name });
    return this;
  }

  /**
   * Declares what a reading call answers, in place of the model.
   *
   * @param matches chooses the calls by their arguments.
   */
  answer<N extends ReadCall>(
    name: N,
    matches: (...args: CallArgs<N>) => boolean,
    value: CallResult<N>,
  ): this {
    this.#answers.push({ name, matches: (args) => matches(...(args as CallArgs<N>)), value });
    return this;
  }

  /**
   * Makes a user namespace that nothing runs in, as another process would, for idmapped mounts.
   *
   * @returns the path that leads to it, of a descriptor of the calling process.
   */
  openUserNamespace({ uids, gids }: SeedIdMaps): HostPath {
    const { process, initialUserNamespace } = this.#kernel;
    const user = new UserNamespace(initialUserNamespace, 0, uids, gids);
    const location = this.#kernel.namespaceFile({ kind: 'user', user });
    const fd = process.files.install(new OpenFile(location, 0), true);
    return hostPath(`/proc/${process.pid}/fd/${fd}`);
  }

  protected override dispatch<N extends CallName>(name: N, args: CallArgs<N>): CallResult<N> {
    checkArguments(name, args);
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    try {
      const result = this.#carryOut(name, args, count);
      (CALLS[name] as unknown as CallSpec<N>).track?.(this.descriptors, args, result);
      this.#record(name, args, { result });
      return result;
    } catch (thrown) {
      const error = this.#explain(name, args, thrown);
      this.#record(name, args, { error });
      throw error;
    }
  }

  #carryOut<N extends CallName>(name: N, args: CallArgs<N>, count: number): CallResult<N> {
    const failure = this.#dueFailure(name, count);
    if (failure !== undefined) {
      if (name === 'close') execute(this.#kernel, name, args);
      throw new Refusal(failure);
    }
    const refused = this.#refused[name];
    if (refused !== undefined) throw new Refusal(refused);
    const declared = this.#answers.find((answer) => answer.name === name && answer.matches(args));
    return declared === undefined
      ? execute(this.#kernel, name, args)
      : (declared.value as CallResult<N>);
  }

  #dueFailure(name: CallName, count: number): ErrnoName | undefined {
    const ofRun = this.#calls.length + 1;
    const due = this.#failures.find((f) =>
      f.name === undefined ? f.nth === ofRun : f.name === name && f.nth === count,
    );
    if (due !== undefined) this.#failures = this.#failures.filter((failure) => failure !== due);
    return due?.errno;
  }

  #explain<N extends CallName>(name: N, args: CallArgs<N>, thrown: unknown): Error {
    if (!(thrown instanceof Refusal))
      return thrown instanceof Error ? thrown : new Error(String(thrown));
    return new SyscallError(name, ERRNO[thrown.errno], formatArgs(name, args, this.descriptors));
  }

  #record(name: CallName, args: CallArgs, outcome: { result?: unknown; error?: Error }): void {
    this.#calls.push({ name, args, ...outcome } as RecordedCall);
  }
}

// As LinuxSyscalls does before the kernel is asked; such a call is not made, and not recorded.
function checkArguments<N extends CallName>(name: N, args: CallArgs<N>): void {
  const raw: RawArg[] = [];
  const params = CALLS[name].params as unknown as readonly Param<unknown>[];
  params.forEach((param, index) => param.encode((args as readonly unknown[])[index], raw));
}
