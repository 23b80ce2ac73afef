import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where the package has a built image; undefined when it has none, as on another architecture. */
export function nativeFile(name: string): string | undefined {
  // From build/src/syscalls as from src/syscalls, and from the command: it lies beside them all.
  const up = ['../native/', '../../native/', '../../../native/'];
  return up.map((way) => join(import.meta.dirname, way, name)).find((path) => existsSync(path));
}
