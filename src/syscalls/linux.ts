import { CALLS, formatArgs, type CallSpec } from './call-table.js';
import { DescriptorNames } from './descriptor-names.js';
import { DispatchedSyscalls } from './dispatched-syscalls.js';
import { ERRNO } from './errno.js';
import { architectureIndex, LibcTransport } from './libc.js';
import type { Param, RawArg, RawKind } from './params.js';
import { SyscallError } from './syscall-error.js';
import type { CallArgs, CallName, CallResult } from './syscalls.js';
import type { ReplayEngine, SyscallTransport } from './transport.js';

interface BoundCall {
  readonly spec: CallSpec;
  readonly params: readonly Param<unknown>[];
  readonly invoke: (args: readonly RawArg[]) => number;
  /** Memory for the kernel to fill, the same for every call: it is decoded before the next one. */
  readonly out: Uint8Array | undefined;
  readonly withLength: boolean;
}

/**
 * The real kernel. Every call is bound when the adapter is constructed, so that nothing is loaded
 * or looked up after a root switch, where the files are the container's.
 */
export class LinuxSyscalls extends DispatchedSyscalls {
  readonly descriptors = new DescriptorNames();
  readonly #calls: Readonly<Record<CallName, BoundCall>>;

  /** @param transport where the calls are made; the calling thread unless given. */
  constructor(private readonly transport: SyscallTransport = new LibcTransport()) {
    super();
    const arch = architectureIndex();
    this.#calls = Object.fromEntries(
      (Object.keys(CALLS) as CallName[]).map((name) => [name, bind(name, transport, arch)]),
    ) as Record<CallName, BoundCall>;
  }

  /**
   * Loads what makes a whole replay where the calls are made, once: to be called before a foreign
   * namespace is entered. Undefined where there is nothing.
   */
  openReplay(): ReplayEngine | undefined {
    return this.transport.openReplay?.();
  }

  protected override dispatch<N extends CallName>(name: N, args: CallArgs<N>): CallResult<N> {
    const call = this.#calls[name];
    const raw = encode(call, args);
    let result = call.invoke(raw);
    // A signal that has a handler may interrupt any slow call; nothing has happened yet then.
    // close(2) is the exception: the descriptor is gone, and its number may be another's.
    while (result === -ERRNO.EINTR && name !== 'close') result = call.invoke(raw);
    if (result < 0) throw new SyscallError(name, -result, formatArgs(name, args, this.descriptors));
    const spec = call.spec as unknown as CallSpec<N>;
    const value = spec.decode(result, raw);
    spec.track?.(this.descriptors, args, value);
    return value;
  }
}

function bind(name: CallName, transport: SyscallTransport, arch: 0 | 1): BoundCall {
  const spec = CALLS[name] as unknown as CallSpec;
  const params = spec.params as unknown as readonly Param<unknown>[];
  const kinds: RawKind[] = params.flatMap((param) => param.kinds);
  if (spec.out !== undefined) kinds.push('out');
  if (spec.out?.withLength === true) kinds.push('int');
  // ioctl's argument is an integer or memory: the integer needs a declaration of its own.
  const invoke = kinds.includes('inout')
    ? bindEither(spec.numbers[arch], kinds, transport)
    : transport.bind(spec.numbers[arch], kinds);
  const out = spec.out === undefined ? undefined : new Uint8Array(spec.out.size);
  return { spec, params, invoke, out, withLength: spec.out?.withLength === true };
}

function bindEither(
  number: number,
  kinds: readonly RawKind[],
  transport: SyscallTransport,
): BoundCall['invoke'] {
  const withMemory = transport.bind(number, kinds);
  const withInteger = transport.bind(
    number,
    kinds.map((kind) => (kind === 'inout' ? 'int' : kind)),
  );
  return (args) =>
    args.some((arg) => arg instanceof Uint8Array) ? withMemory(args) : withInteger(args);
}

function encode(call: BoundCall, args: readonly unknown[]): RawArg[] {
  const raw: RawArg[] = [];
  const { params, out, withLength } = call;
  for (let index = 0; index < params.length; index += 1) {
    params[index]?.encode(args[index], raw);
  }
  if (out !== undefined) {
    raw.push(out);
    if (withLength) raw.push(out.length);
  }
  return raw;
}
