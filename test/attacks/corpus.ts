import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { MNT_DETACH } from '../../src/syscalls/mount-flags.js';
import { hostPath } from '../../src/syscalls/paths.js';
import { nameOf, WAYS, type AttackCase, type CaseOutcome, type Way } from './attack-case.js';
import type { Battlefield } from './battlefield.js';
import { lookInside, wrongDevices } from './look-inside.js';
import { PLACES } from './places.js';
import { SHAPES } from './shapes.js';

/** Every shape in every place, against every preset. */
export const CORPUS: readonly AttackCase[] = PLACES.flatMap((place) =>
  SHAPES.flatMap((shape) => WAYS.map((way) => ({ place, shape, way }))),
);

/** A fourth of a list: each place and shape once, the presets in turn. */
export function inTurn<T extends { readonly way: Way }>(list: readonly T[]): T[] {
  const turns = WAYS.map((way) => list.filter((each) => each.way === way));
  return turns.flatMap((same, turn) => same.filter((_, index) => index % WAYS.length === turn));
}

/** Runs one case, on a fresh root. */
export function attack(field: Battlefield, attackCase: AttackCase): CaseOutcome {
  const root = field.makeRoot();
  const pipeline = field.pipeline(attackCase.way);
  return attackRoot(field, attackCase, root, [(inside) => field.run(pipeline, root, inside)]);
}

/** What runs on a root; it calls `inside` in the finished one. */
export type RunOnRoot = (inside: () => void) => void;

/** Puts the shape in its place, runs one after the other on that root, and removes it. */
export function attackRoot(
  field: Battlefield,
  attackCase: AttackCase,
  root: string,
  runs: readonly RunOnRoot[],
): CaseOutcome {
  const { place, shape } = attackCase;
  const target = join(root, place.path);
  rmSync(target, { recursive: true, force: true });
  shape.make(target, field);
  const before = field.hostState();
  const descriptors = field.descriptors();
  const inside: string[] = [];
  const ends = runs.map((run) =>
    errorOf(() => run(() => inside.push(...lookInside(field, root), ...wrongDevices(field)))),
  );
  const complaints: string[] = [];
  if (ends.some((error) => error !== undefined && !namesPath(error, place.path)))
    complaints.push('names no path');
  if (field.descriptors() !== descriptors) complaints.push('left a descriptor open');
  const escapes = [...field.changesSince(before), ...inside];
  if (shape.mounts === true) field.sys.umount2(hostPath(target), MNT_DETACH);
  field.removeRoot(root);
  const failed = ends.some((error) => error !== undefined);
  return {
    name: nameOf(attackCase),
    ...(failed ? { error: ends.map((error) => error ?? 'success').join(', then ') } : {}),
    escapes,
    complaints,
  };
}

function errorOf(action: () => void): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether a message has the path, as one or as a directory's descriptor and a name. */
function namesPath(message: string, path: string): boolean {
  return message.replaceAll(/>, "\/?/g, '/').includes(path);
}
