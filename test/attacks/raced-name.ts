import {
  lstatSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AT_FDCWD } from '../../src/syscalls/descriptor.js';
import { S_IFBLK, S_IFCHR } from '../../src/syscalls/file-flags.js';
import { hostPath } from '../../src/syscalls/paths.js';
import type { Battlefield } from './battlefield.js';
import { BIND_FILE, PIVOT_DIRECTORY } from './places.js';

/** What a name is exchanged with, over and over. */
export interface Decoy {
  readonly name: string;
  /** Where the link leads. */
  readonly target: (canary: string) => string;
}

const NODES: Readonly<Record<string, readonly [type: number, major: number, minor: number]>> = {
  '/dev/null': [S_IFCHR, 1, 3],
  '/dev/tty': [S_IFCHR, 5, 0],
  '/dev/console': [S_IFCHR, 5, 1],
  '/dev/loop0': [S_IFBLK, 7, 0],
};

/** A name of a root, and its decoy beside it. */
export class RacedName {
  readonly root: string;
  readonly pair: readonly [name: string, decoy: string];

  /** @param decoy undefined for another directory. */
  constructor(
    private readonly field: Battlefield,
    private readonly path: string,
    private readonly decoy: Decoy | undefined,
  ) {
    this.root = field.makeRoot();
    const name = join(this.root, path);
    this.pair = [name, `${name}.decoy`];
    this.arm();
  }

  /** What a finished root may be. */
  get roots(): readonly string[] {
    return this.path === '' ? this.pair : [this.root];
  }

  /** Sees to it that both names are there: a step may have removed one. */
  arm(): void {
    const { pair, decoy } = this;
    if (this.path === PIVOT_DIRECTORY) {
      // The step makes it, and takes another name when it is there already.
      while (pair.some((name) => lstatSync(name, { throwIfNoEntry: false }) !== undefined))
        for (const name of pair) this.#removeRaced(name);
      this.#makeDecoy(decoy as Decoy, pair[1]);
      return;
    }
    for (;;) {
      const there = pair.map((name) => lstatSync(name, { throwIfNoEntry: false }));
      const missing = pair[there.indexOf(undefined)];
      if (missing === undefined) return;
      const hasDecoy = there.some((stat) => stat?.isSymbolicLink() === true);
      if (decoy !== undefined && !hasDecoy) this.#makeDecoy(decoy, missing);
      else this.#makeExpected(missing);
    }
  }

  /** The same, with the decoy out of the way: for when nobody exchanges them. */
  disarm(): void {
    this.arm();
    const [name, beside] = this.pair;
    if (!this.#isDecoy(name)) return;
    const between = `${beside}.between`;
    renameSync(name, between);
    renameSync(beside, name);
    renameSync(between, beside);
  }

  remove(): void {
    this.field.removeRoot(this.root);
    this.field.removeRoot(`${this.root}.decoy`);
  }

  #makeDecoy({ target }: Decoy, at: string): void {
    symlinkSync(target(this.field.canary), at);
  }

  #isDecoy(at: string): boolean {
    const isLink = lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    return isLink && readlinkSync(at) === this.decoy?.target(this.field.canary);
  }

  /** Its type may change between two looks at it. */
  #removeRaced(path: string): void {
    try {
      this.field.removeRoot(path);
    } catch (error) {
      if (!['EISDIR', 'ENOTDIR', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? ''))
        throw error;
    }
  }

  /** What a step expects there. */
  #makeExpected(at: string): void {
    const node = NODES[this.path];
    if (node !== undefined) {
      const [type, major, minor] = node;
      this.field.sys.mknodat(AT_FDCWD, hostPath(at), type | 0o666, { major, minor });
    } else if (this.path === BIND_FILE) writeFileSync(at, '');
    else mkdirSync(at);
  }
}
