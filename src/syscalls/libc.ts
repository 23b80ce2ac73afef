import type * as Koffi from 'koffi';
import { loadKoffi } from './libc-koffi.js';
import { nativeFile } from './native-file.js';
import type { RawArg, RawKind } from './params.js';
import type { ReplayEngine, SyscallTransport } from './transport.js';

const C_TYPES: Readonly<Record<RawKind, string>> = {
  int: 'long',
  string: 'const char *',
  in: 'const void *',
  out: 'void *',
  inout: 'void *',
};

// koffi reads all seven parameters of syscall(2) from its stack whether they are given or not.
const SYSCALL_ARGUMENTS = 6;

/** koffi and the C library that Node itself runs on: glibc or musl. */
export interface Libc {
  readonly koffi: typeof Koffi;
  readonly library: Koffi.LibraryHandle;
}

let loaded: Libc | undefined;

/**
 * Loads koffi, on first use only: it costs some milliseconds, and commands that make no call must not
 * pay for it. Has to have happened before a root switch, since it opens files of the host.
 *
 * @throws Error when koffi's binary for this platform is not installed.
 */
export function loadLibc(): Libc {
  if (loaded !== undefined) return loaded;
  if (process.platform !== 'linux') {
    throw new Error(
      `nsinit makes Linux system calls, and this is ${process.platform}; the mock works here`,
    );
  }
  let koffi: typeof Koffi;
  try {
    koffi = loadKoffi();
  } catch (cause) {
    throw new Error(
      'koffi could not be loaded: install its binary for this platform (npm ci without --omit=optional)',
      { cause },
    );
  }
  loaded = { koffi, library: koffi.load(null) };
  return loaded;
}

/** The position of this machine's numbers in a call's `numbers`. */
export function architectureIndex(arch: string = process.arch): 0 | 1 {
  if (arch === 'x64') return 0;
  if (arch === 'arm64') return 1;
  throw new Error(`nsinit knows the system calls of x64 and arm64, not of ${arch}`);
}

/** Makes system calls in the calling thread, through syscall(2) of the C library. */
export class LibcTransport implements SyscallTransport {
  readonly #libc = loadLibc();
  readonly #bySignature = new Map<
    string,
    Koffi.KoffiFunc<(...args: unknown[]) => number | bigint>
  >();
  #replay: ReplayEngine | null | undefined;

  bind(number: number, kinds: readonly RawKind[]): (args: readonly RawArg[]) => number {
    const call = this.#function(kinds);
    const { koffi } = this.#libc;
    // Spelled out: spreading the arguments took longer than the call. What is missing is 0.
    return ([a = 0, b = 0, c = 0, d = 0, e = 0, f = 0]) => {
      const result = Number(call(number, a, b, c, d, e, f));
      // Nothing may come between the call and the read of errno.
      return result === -1 ? -koffi.errno() : result;
    };
  }

  /** Undefined where the package has no library for this machine, or it may not be loaded. */
  openReplay(): ReplayEngine | undefined {
    if (this.#replay === undefined) this.#replay = loadReplay(this.#libc) ?? null;
    return this.#replay ?? undefined;
  }

  // One declaration serves all calls whose arguments cross alike.
  #function(kinds: readonly RawKind[]): Koffi.KoffiFunc<(...args: unknown[]) => number | bigint> {
    const types = kinds.map((kind) => C_TYPES[kind]);
    while (types.length < SYSCALL_ARGUMENTS) types.push('long');
    const signature = `long syscall(long, ${types.join(', ')})`;
    let bound = this.#bySignature.get(signature);
    if (bound === undefined) {
      bound = this.#libc.library.func(signature);
      this.#bySignature.set(signature, bound);
    }
    return bound;
  }
}

function loadReplay({ koffi }: Libc): ReplayEngine | undefined {
  const path = nativeFile(`replay-${process.arch}.so`);
  if (path === undefined) return undefined;
  let library: Koffi.LibraryHandle;
  try {
    library = koffi.load(path);
  } catch {
    // On a file system that is mounted noexec, say: the steps do without.
    return undefined;
  }
  const call = library.func('long nsinit_replay(void *)') as (program: Uint8Array) => number;
  return { largest: Number.POSITIVE_INFINITY, replay: (program) => Number(call(program)) };
}
