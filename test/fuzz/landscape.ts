import { AT_FDCWD } from '../../src/syscalls/descriptor.js';
import { O_CREAT, O_WRONLY } from '../../src/syscalls/file-flags.js';
import { flags } from '../../src/syscalls/flags.js';
import type { AtPath } from '../../src/syscalls/paths.js';
import type { Syscalls } from '../../src/syscalls/syscalls.js';

const DIRECTORIES = ['a', 'b', 'c', 'a/d', 'b/d', 'c/d', 'a/d/e'];
const LINKS = { l: 'a', abs: '/work/c', loop: 'loop' };

/** What there is before the first call. */
export function layOut(sys: Syscalls): void {
  const at = (path: string): AtPath => `/work/${path}` as AtPath;
  for (const path of DIRECTORIES) sys.mkdirat(AT_FDCWD, at(path), 0o755);
  for (const path of ['f', 'a/f']) {
    sys.close(sys.openat2(AT_FDCWD, at(path), { flags: flags(O_CREAT, O_WRONLY), mode: 0o644 }));
  }
  for (const [path, target] of Object.entries(LINKS)) sys.symlinkat(target, AT_FDCWD, at(path));
}
