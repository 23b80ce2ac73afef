import { posix } from 'node:path';
import type { UserMount } from '../steps/presets.js';

/** A mount of the command line, and where it was given among the others. */
export interface GivenMount {
  readonly at: number;
  readonly mount: UserMount;
}

/** Collects what options that share an order are given: how one of them reads its values. */
export function collectInOrder(): (
  parse: (value: string) => UserMount,
) => (value: string, before: readonly GivenMount[]) => readonly GivenMount[] {
  let at = 0;
  return (parse) => (value, before) => [...before, { at: at++, mount: parse(value) }];
}

/**
 * The mounts as they were given, but for one that lies below another: that would be covered, and
 * comes after it.
 */
export function mountsInOrder(given: readonly GivenMount[]): readonly UserMount[] {
  const ordered: UserMount[] = [];
  for (const { mount } of given.toSorted((one, other) => one.at - other.at)) {
    const covered = ordered.findIndex((other) => isBelow(targetOf(other), targetOf(mount)));
    ordered.splice(covered < 0 ? ordered.length : covered, 0, mount);
  }
  return ordered;
}

// It ends with a slash, which "/" does by itself.
const targetOf = (mount: UserMount): string =>
  posix.join('bind' in mount ? mount.target : mount.tmpfs, '/');

const isBelow = (path: string, directory: string): boolean =>
  path !== directory && path.startsWith(directory);
