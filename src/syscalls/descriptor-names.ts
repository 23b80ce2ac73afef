import type { Fd } from './descriptor.js';
import { AT_FDCWD } from './descriptor.js';

const STANDARD = new Map<Fd, string>([
  [0 as Fd, 'stdin'],
  [1 as Fd, 'stdout'],
  [2 as Fd, 'stderr'],
]);

/**
 * What each open descriptor stands for, so that a message can say `/srv/root/dev` where the call
 * had 23. Numbers differ from run to run, names do not: a plan and a trace are compared by them.
 */
export class DescriptorNames {
  readonly #names = new Map<Fd, string>(STANDARD);

  /** Names a descriptor, or names it anew (a detached mount gets its place when it is attached). */
  set(fd: Fd, name: string): void {
    this.#names.set(fd, name);
  }

  /** Forgets a closed descriptor. */
  delete(fd: Fd): void {
    this.#names.delete(fd);
  }

  /** The name, or `fd 23` for a descriptor that nsinit did not open. */
  get(fd: Fd): string {
    if (fd === AT_FDCWD) return 'AT_FDCWD';
    return this.#names.get(fd) ?? `fd ${fd}`;
  }

  /** Descriptors named so far, without the three standard ones. */
  open(): readonly Fd[] {
    return [...this.#names.keys()].filter((fd) => !STANDARD.has(fd));
  }
}
