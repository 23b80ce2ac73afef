import { readFileSync } from 'node:fs';
import { NsinitError } from '../pipeline/errors.js';
import { CAPABILITY_NAMES, type Capability } from './capabilities.js';

let held: readonly Capability[] | undefined;

/** The effective capabilities of this process, as it started (capabilities(7)). */
export function heldCapabilities(): readonly Capability[] {
  held ??= readEffective();
  return held;
}

function readEffective(): readonly Capability[] {
  const status = readStatus();
  const mask = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return CAPABILITY_NAMES.filter((_, number) => mask & (1n << BigInt(number))).map(
    (name): Capability => `CAP_${name}`,
  );
}

function readStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'latin1');
  } catch (cause) {
    throw new NsinitError(
      'NSINIT_HOST',
      'there is no /proc here, and namespaces are made through it: mount -t proc proc /proc',
      { cause },
    );
  }
}

/** Whether this process may make namespaces as it is. */
export const isPrivileged = (): boolean => heldCapabilities().includes('CAP_SYS_ADMIN');
