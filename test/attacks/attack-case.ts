import type { Syscalls } from '../../src/syscalls/syscalls.js';

/** Where a root can be hostile, and what that has been called. */
export interface Place {
  readonly path: string;
  /** The CVE or the idea. */
  readonly idea: string;
}

/** What is at hand when a root is made hostile. */
export interface Arena {
  readonly sys: Syscalls;
  /** The canary: a piece of the host. */
  readonly canary: string;
}

/** What is put in a place. */
export interface Shape {
  readonly name: string;
  /** The CVE or the idea. */
  readonly idea: string;
  /** @param path an absolute path of the host, where nothing is yet. */
  make(path: string, arena: Arena): void;
  /** It is a mount. */
  readonly mounts?: true;
}

export const WAYS = ['standard', 'standard move', 'classic', 'classic move'] as const;
/** A preset, and how it switches the root. */
export type Way = (typeof WAYS)[number];

/** Whether set-ups are run by their steps each time, or are replayed once they are known. */
export type SetUps = 'live' | 'replayed';

/** How a replay ended: with its last call, or where an answer was another. */
export type ReplayEnd = 'finished' | 'interrupted';

/** One attack: a shape in a place, against a preset. */
export interface AttackCase {
  readonly place: Place;
  readonly shape: Shape;
  readonly way: Way;
}

export const nameOf = ({ place, shape, way }: AttackCase): string =>
  `${way}: ${place.path} is ${shape.name} (${place.idea}; ${shape.idea})`;

/** What came of a case. */
export interface CaseOutcome {
  readonly name: string;
  /** undefined when the pipeline ran to its end. */
  readonly error?: string;
  /** What of the host was touched or can be reached; none is what has to be. */
  readonly escapes: readonly string[];
  /** What else is not as it should be: an error that names no path, a descriptor left open. */
  readonly complaints: readonly string[];
  /** How it was replayed, where it was. */
  readonly replay?: ReplayEnd;
}
