import {
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statfsSync,
  type BigIntStats,
} from 'node:fs';
import type { DeviceNumber } from '../../syscalls.js';

/** A file of the real machine. */
export interface HostFile {
  /** Type and permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: DeviceNumber;
  /** How many names it has; of a directory, with `.` and the `..` of those in it. */
  readonly links: number;
  readonly size: number;
  /** When it was read and written last, since 1970. */
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
}

/** Reads the real machine, and never changes it. Paths are absolute. */
export interface HostReader {
  /** /proc/self/mountinfo. */
  mountinfo(): string;
  /** A file, links not followed; undefined where there is none. */
  stat(path: string): HostFile | undefined;
  /** A directory's names. */
  names(path: string): readonly string[];
  /** What a symbolic link says. */
  target(path: string): string;
  /** A file's content. */
  content(path: string): Uint8Array;
  /** The super-block magic of the file system there. */
  magic(path: string): number;
  /** The caller's working directory. */
  cwd(): string;
}

/** The model needs to know something of the real machine that this user may not read. */
export class HostUnreadableError extends Error {
  override readonly name = 'HostUnreadableError';
  readonly code = 'NSINIT_HOST_UNREADABLE';

  constructor(
    readonly path: string,
    cause?: unknown,
  ) {
    super(`the model needs ${path} of this machine, which this user may not read`, { cause });
  }
}

/** The number of a namespace that the caller is in, as /proc/self/ns shows it. */
export function namespaceNumber(reader: HostReader, kind: string): number | undefined {
  const path = `/proc/self/ns/${kind}`;
  if (reader.stat(path) === undefined) return undefined;
  const number = /\[(\d+)\]$/.exec(reader.target(path))?.[1];
  return number === undefined ? undefined : Number(number);
}

/** Reads this machine through Node, with no more than the rights of this process. */
export class NodeHostReader implements HostReader {
  mountinfo(): string {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  }

  stat(path: string): HostFile | undefined {
    try {
      return toHostFile(lstatSync(path, { bigint: true }));
    } catch (error) {
      return missingOrUnreadable(path, error);
    }
  }

  names(path: string): readonly string[] {
    return readable(path, () => readdirSync(path));
  }

  target(path: string): string {
    return readable(path, () => readlinkSync(path));
  }

  content(path: string): Uint8Array {
    return readable(path, () => readFileSync(path));
  }

  magic(path: string): number {
    return readable(path, () => statfsSync(path).type);
  }

  cwd(): string {
    const directory = this.target('/proc/self/cwd');
    // One that has been removed has no path: `/tmp/x (deleted)` (proc_pid_cwd(5)).
    return this.stat(directory) === undefined ? '/' : directory;
  }
}

function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new HostUnreadableError(path, error);
  }
}

const ABSENT: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ESRCH']);

function missingOrUnreadable(path: string, error: unknown): undefined {
  if (ABSENT.has((error as NodeJS.ErrnoException).code)) return undefined;
  throw new HostUnreadableError(path, error);
}

function toHostFile({
  mode,
  uid,
  gid,
  rdev,
  nlink,
  size,
  atimeNs,
  mtimeNs,
}: BigIntStats): HostFile {
  return {
    mode: Number(mode),
    uid: Number(uid),
    gid: Number(gid),
    rdev: decodeDevice(Number(rdev)),
    links: Number(nlink),
    size: Number(size),
    atimeNs,
    mtimeNs,
  };
}

// makedev(3): both numbers are spread over the word.
function decodeDevice(rdev: number): DeviceNumber {
  return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}
