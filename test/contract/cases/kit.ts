import { AT_FDCWD, type Fd } from '../../../src/syscalls/descriptor.js';
import {
  O_CREAT,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  STATX_BASIC_STATS,
  type AtFlags,
  type OpenFlags,
  type ResolveFlags,
} from '../../../src/syscalls/file-flags.js';
import { flags } from '../../../src/syscalls/flags.js';
import {
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_STRING,
  FSOPEN_CLOEXEC,
  MOVE_MOUNT_F_EMPTY_PATH,
  MS_BIND,
  MS_REC,
  type FsmountFlags,
  type MountAttrFlags,
  type MountFlags,
} from '../../../src/syscalls/mount-flags.js';
import {
  hostPath,
  sourceName,
  type AtPath,
  type HostPath,
  type SourceName,
} from '../../../src/syscalls/paths.js';
import type { Trial } from '../trial.js';

/** Short names for what nearly every case needs. */
export const CWD = AT_FDCWD;
export const NO_AT = 0 as AtFlags;
export const NO_MS = 0 as MountFlags;
export const NO_ATTR = 0 as MountAttrFlags;

/** A path in the work tree of the world. */
export const W = (path: string): HostPath => hostPath(path === '' ? '/work' : `/work/${path}`);

/** A path as it is, whatever it leads to: cases are about odd ones. */
export const raw = (path: string): AtPath => path as AtPath;
export const rawTarget = (path: string): HostPath => path as HostPath;
export const named = (name: string): SourceName => sourceName(name);

export const PATH_ONLY = { flags: O_PATH } as const;
export const READ = { flags: O_RDONLY } as const;
export const READ_DIR = { flags: flags(O_RDONLY, O_DIRECTORY) } as const;
export const CREATE = { flags: flags(O_CREAT, O_RDWR), mode: 0o644 } as const;

export const how = (...bits: readonly OpenFlags[]): { flags: OpenFlags } => ({
  flags: flags(...bits),
});
export const resolving = (
  resolve: ResolveFlags,
  ...bits: readonly OpenFlags[]
): { flags: OpenFlags; resolve: ResolveFlags } => ({
  flags: flags(O_PATH, ...bits),
  resolve,
});

export function mkdir(t: Trial, ...paths: readonly string[]): void {
  for (const path of paths) t.ok('mkdirat', CWD, W(path), 0o755);
}

export function write(t: Trial, path: string, content = ''): void {
  const fd = t.open('openat2', CWD, W(path), { flags: flags(O_CREAT, O_WRONLY), mode: 0o644 });
  if (content !== '') t.ok('write', fd, new TextEncoder().encode(content));
  t.ok('close', fd);
}

export function readFile(t: Trial, path: string): void {
  const fd = t.open('openat2', CWD, W(path), READ);
  t.do('read', fd, 4096);
  t.do('close', fd);
}

export function link(t: Trial, path: string, target: string): void {
  t.ok('symlinkat', target, CWD, W(path));
}

export function tmpfs(t: Trial, path: string, source = 'tmpfs', bits = NO_MS, data = ''): void {
  t.ok('mount', named(source), W(path), 'tmpfs', bits, data);
}

export function bind(t: Trial, from: string, to: string): void {
  t.ok('mount', W(from), W(to), '', MS_BIND, '');
}

export function rbind(t: Trial, from: string, to: string): void {
  t.ok('mount', W(from), W(to), '', flags(MS_BIND, MS_REC), '');
}

/** Changes propagation. */
export function make(t: Trial, path: string, ...bits: readonly MountFlags[]): void {
  t.ok('mount', '', W(path), '', flags(...bits), '');
}

export function look(t: Trial, path: string, at: AtFlags = NO_AT): void {
  t.do('statx', CWD, W(path), at, STATX_BASIC_STATS);
}

/** A descriptor that names a place. */
export function place(t: Trial, path: string): Fd {
  return t.open('openat2', CWD, W(path), PATH_ONLY);
}

/** A detached tmpfs. */
export function detached(t: Trial, source = 'detached', attributes = NO_ATTR): Fd {
  const context = t.open('fsopen', 'tmpfs', FSOPEN_CLOEXEC);
  t.ok('fsconfig', context, FSCONFIG_SET_STRING, 'source', source, 0);
  t.ok('fsconfig', context, FSCONFIG_CMD_CREATE, null, null, 0);
  const tree = t.open('fsmount', context, 0 as FsmountFlags, attributes);
  t.ok('close', context);
  return tree;
}

/** Attaches a detached tree at a path. */
export function attach(t: Trial, tree: Fd, path: string): void {
  t.ok('move_mount', tree, '', CWD, W(path), MOVE_MOUNT_F_EMPTY_PATH);
}
