import { readFileSync, writeFileSync } from 'node:fs';

/** A range of ids: `count` ids from `inside` on are those from `outside` on (user_namespaces(7)). */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/**
 * How ids are mapped into a user namespace: one id, the ranges that /etc/subuid and /etc/subgid
 * grant, or ranges of the caller's.
 */
export type UserMapping =
  'single' | 'ranges' | { readonly uids: readonly IdRange[]; readonly gids: readonly IdRange[] };

/** A mapping worked out. */
export interface IdMaps {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
  /** Whether newuidmap(1) has to write them: the kernel lets a user map only the own id. */
  readonly helper: boolean;
}

/** The mapping cannot be made. */
export class UserMappingError extends Error {
  override readonly name = 'UserMappingError';
  readonly code = 'NSINIT_USER_MAPPING';
}

/**
 * Works out the maps.
 *
 * @param mapped the one id that a single mapping has inside.
 * @throws UserMappingError when no range is granted.
 */
export function idMaps(
  mapping: UserMapping,
  mapped: { readonly uid: number; readonly gid: number },
): IdMaps {
  const [euid, egid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  if (mapping === 'single') {
    const one = (inside: number, outside: number): IdRange[] => [{ inside, outside, count: 1 }];
    return { uids: one(mapped.uid, euid), gids: one(mapped.gid, egid), helper: false };
  }
  if (mapping === 'ranges') {
    return {
      uids: withGranted('/etc/subuid', euid),
      gids: withGranted('/etc/subgid', egid),
      helper: euid !== 0,
    };
  }
  return { uids: mapping.uids, gids: mapping.gids, helper: euid !== 0 };
}

/** Id 0 is the caller's, the granted ones follow from 1. */
function withGranted(file: string, own: number): IdRange[] {
  const granted = grantedRanges(file);
  if (granted.length === 0) {
    throw new UserMappingError(
      `${file} grants no ids to this user: add a line with usermod(8) --add-subuids and --add-subgids, or map a single id`,
    );
  }
  const ranges: IdRange[] = [{ inside: 0, outside: own, count: 1 }];
  let inside = 1;
  for (const { start, count } of granted) {
    ranges.push({ inside, outside: start, count });
    inside += count;
  }
  return ranges;
}

function grantedRanges(file: string): { start: number; count: number }[] {
  const { username, uid } = process.getBuiltinModule('node:os').userInfo();
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([who]) => who === username || who === String(uid))
    .map(([, start, count]) => ({ start: Number(start), count: Number(count) }));
}

/**
 * Writes the maps of the user namespace that process `pid` has made.
 *
 * @throws UserMappingError with what newuidmap(1) or the kernel said.
 */
export function writeIdMaps(pid: number, maps: IdMaps): void {
  if (maps.helper) {
    runHelper('newuidmap', pid, maps.uids);
    runHelper('newgidmap', pid, maps.gids);
    return;
  }
  // A user without CAP_SETGID in the parent gives up setgroups(2) first (Linux 3.19, CVE-2014-8989).
  if (process.geteuid?.() !== 0) writeMap(pid, 'setgroups', 'deny');
  writeMap(pid, 'uid_map', formatMap(maps.uids));
  writeMap(pid, 'gid_map', formatMap(maps.gids));
}

const formatMap = (ranges: readonly IdRange[]): string =>
  ranges.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`).join('');

function writeMap(pid: number, file: string, content: string): void {
  try {
    writeFileSync(`/proc/${pid}/${file}`, content);
  } catch (cause) {
    throw new UserMappingError(`the ids could not be mapped: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function runHelper(helper: string, pid: number, ranges: readonly IdRange[]): void {
  // Loaded here only: it costs 8 ms, and a single mapping needs no helper.
  const { execFileSync } = process.getBuiltinModule('node:child_process');
  const args = ranges.flatMap(({ inside, outside, count }) => [inside, outside, count].map(String));
  try {
    execFileSync(helper, [String(pid), ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (cause) {
    const { code, stderr } = cause as { code?: string; stderr?: Buffer };
    const why =
      code === 'ENOENT'
        ? 'it is not installed (package uidmap)'
        : (stderr?.toString().trim() ?? String(cause));
    throw new UserMappingError(`${helper} did not map the ids: ${why}`, { cause });
  }
}
