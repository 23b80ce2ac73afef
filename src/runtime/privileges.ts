import { readFileSync } from 'node:fs';

const CAP_SYS_ADMIN = 21n;

let known: boolean | undefined;

/** Whether this process may make namespaces as it is: it has CAP_SYS_ADMIN (capabilities(7)). */
export function isPrivileged(): boolean {
  if (known === undefined) {
    const effective =
      /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
    known = (BigInt(`0x${effective}`) & (1n << CAP_SYS_ADMIN)) !== 0n;
  }
  return known;
}
