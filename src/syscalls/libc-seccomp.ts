import type * as Koffi from 'koffi';
import { loadLibc } from './libc.js';

/** The functions of libseccomp that a filter is made with (seccomp_init(3) and its neighbours). */
export interface SeccompLibrary {
  init(defaultAction: number): unknown;
  release(context: unknown): void;
  /** The token of an architecture, 0 for an unknown name. */
  architecture(name: string): number;
  /** @returns 0 or a negated errno. */
  addArchitecture(context: unknown, token: number): number;
  /** The number of a call, negative for one that this architecture does not have; -1 for an unknown name. */
  resolve(name: string): number;
  /** @returns 0 or a negated errno. */
  addRule(
    context: unknown,
    action: number,
    call: number,
    count: number,
    comparisons: Uint8Array,
  ): number;
  /** Writes the instructions to a descriptor. @returns 0 or a negated errno. */
  exportFilter(context: unknown, fd: number): number;
}

let bound: SeccompLibrary | undefined;

/**
 * Binds libseccomp where it is installed.
 *
 * @throws Error when it is not.
 */
export function loadSeccomp(): SeccompLibrary {
  bound ??= bind();
  return bound;
}

function bind(): SeccompLibrary {
  let library: Koffi.LibraryHandle;
  try {
    library = loadLibc().koffi.load('libseccomp.so.2');
  } catch (cause) {
    throw new Error(
      'a seccomp profile needs libseccomp, which is not installed (package libseccomp2, or libseccomp): install it, or give the filter as instructions',
      { cause },
    );
  }
  return {
    init: library.func('void *seccomp_init(uint32_t def_action)'),
    release: library.func('void seccomp_release(void *ctx)'),
    architecture: library.func('uint32_t seccomp_arch_resolve_name(const char *arch_name)'),
    addArchitecture: library.func('int seccomp_arch_add(void *ctx, uint32_t arch_token)'),
    resolve: library.func('int seccomp_syscall_resolve_name(const char *name)'),
    addRule: library.func(
      'int seccomp_rule_add_array(void *ctx, uint32_t action, int syscall, unsigned int arg_cnt, const void *arg_array)',
    ),
    exportFilter: library.func('int seccomp_export_bpf(void *ctx, int fd)'),
  };
}
