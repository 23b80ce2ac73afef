import { closeSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

// dlopen(3); node:os would have the first, and is loaded for nothing else.
const RTLD_LAZY = 1;
const RTLD_NODELETE = 0x1000;

/**
 * Loads koffi: its binary itself where that is known to be the right one, which takes a quarter
 * of the time that its own loader takes to find it (3 ms of 12).
 *
 * @throws Error of Node's when koffi, or its binary for this platform, is not installed.
 */
export function loadKoffi(): typeof Koffi {
  const require = createRequire(import.meta.url);
  if (runsOnGlibc()) {
    const { arch } = process;
    try {
      return require(`@koromix/koffi-linux-${arch}/linux_${arch}/koffi.node`) as typeof Koffi;
    } catch {
      // Where packages see only what they ask for themselves (pnpm), or built from source.
    }
  }
  return require('koffi') as typeof Koffi;
}

/**
 * Keeps koffi's binary, which has been loaded. Node unloads it with the worker threads that have
 * loaded it, and only then calls back what koffi has asked the event loop to close: the whole
 * program died of that.
 */
export function keepKoffi(): void {
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  const binary = loaded.find((path) => path.endsWith('koffi.node'));
  if (binary === undefined) return;
  process.dlopen({ exports: {} }, binary, RTLD_LAZY | RTLD_NODELETE);
}

/** By the interpreter in the headers of Node's own file (elf(5)); false also where it is unusual. */
function runsOnGlibc(): boolean {
  const headers = Buffer.alloc(1024);
  try {
    const fd = openSync(process.execPath, 'r');
    try {
      readSync(fd, headers, 0, headers.length, 0);
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
  return headers.includes('/ld-linux');
}
