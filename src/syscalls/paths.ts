import { recognizeAcrossCopies } from './across-copies.js';
import type { Fd } from './descriptor.js';

declare const kind: unique symbol;

/**
 * An absolute path in the tree of the calling thread that the **caller of nsinit** chose. What a
 * root contains must never become part of one: the root belongs to somebody else, and any of its
 * components may be a symbolic link to a host file.
 */
export type HostPath = string & { readonly [kind]: 'host' };

/** An absolute path in the container's own tree; it means something only after the root switch. */
export type ContainerPath = string & { readonly [kind]: 'container' };

/** A path that openat2(2) resolves with RESOLVE_IN_ROOT; made by RootDir alone. */
export type InRootPath = string & { readonly [kind]: 'in-root' };

/** One name in a directory: no slash, not empty, not `.` or `..`. */
export type Component = string & { readonly [kind]: 'component' };

/** A mount's source that is no path: the name shown in mountinfo. */
export type SourceName = string & { readonly [kind]: 'source-name' };

/** The file behind a descriptor, for calls that take only a path (proc_pid_fd(5)). */
export interface FdPath {
  readonly fd: Fd;
}

/** What a path-taking call accepts. A plain string is refused by the compiler on purpose. */
export type PathArg = HostPath | ContainerPath | FdPath;

/** What a call with a directory descriptor accepts; `''` is the descriptor itself (AT_EMPTY_PATH). */
export type AtPath = HostPath | ContainerPath | InRootPath | Component | '';

/** A path that is not what the call needs. Thrown before the kernel is asked. */
export class PathError extends TypeError {
  override readonly name = 'PathError';
  readonly code = 'NSINIT_PATH';
}
recognizeAcrossCopies(PathError, 'PathError');

function checkAbsolute(path: string, what: string): void {
  if (typeof path !== 'string' || !path.startsWith('/')) {
    throw new PathError(`${what} must be absolute, and ${JSON.stringify(path)} is not`);
  }
  if (path.includes('\0')) throw new PathError(`${what} has a NUL byte: ${JSON.stringify(path)}`);
}

/**
 * Takes an absolute path of the host as chosen by the caller.
 *
 * @throws PathError when it is relative or has a NUL byte.
 */
export function hostPath(path: string): HostPath {
  checkAbsolute(path, 'a host path');
  return path as HostPath;
}

/**
 * Takes an absolute path for use after the root switch.
 *
 * @throws PathError when it is relative or has a NUL byte.
 */
export function containerPath(path: string): ContainerPath {
  checkAbsolute(path, 'a container path');
  return path as ContainerPath;
}

/**
 * Takes one name in a directory.
 *
 * @throws PathError when it could lead out of the directory.
 */
export function component(name: string): Component {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
    throw new PathError(`${JSON.stringify(name)} is not a name inside a directory`);
  }
  return name as Component;
}

/**
 * Takes a mount source that is a name and not a path, such as `proc`.
 *
 * @throws PathError when it has a slash or a NUL byte.
 */
export function sourceName(name: string): SourceName {
  if (/[/\0]/.test(name)) {
    throw new PathError(`the source name ${JSON.stringify(name)} has a slash or a NUL byte`);
  }
  return name as SourceName;
}

/** The file behind a descriptor, for calls that take only a path. */
export function fdPath(fd: Fd): FdPath {
  return { fd };
}

/** Splits an absolute path of the root into its parent and its last name. */
export function splitPath(path: string): { readonly parent: string; readonly name: string } {
  const trimmed = path.replace(/\/+$/, '');
  const slash = trimmed.lastIndexOf('/');
  if (slash < 0 || trimmed === '')
    throw new PathError(`${JSON.stringify(path)} is not an absolute path below the root`);
  return { parent: trimmed.slice(0, slash) || '/', name: trimmed.slice(slash + 1) };
}
