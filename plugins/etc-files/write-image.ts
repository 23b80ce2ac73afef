import {
  AT_EMPTY_PATH,
  component,
  flags,
  isErrno,
  NsinitError,
  O_CLOEXEC,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  readAll,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  splitPath,
  STATX_BASIC_STATS,
  withFd,
  writeAll,
  type AtFlags,
  type Component,
  type Fd,
  type StepContext,
  type Syscalls,
} from 'nsinit';
import type { WrittenFile } from './place-files.js';

const NO_AT = 0 as AtFlags;
const REWRITE = { flags: flags(O_WRONLY, O_TRUNC, O_NOFOLLOW, O_NONBLOCK, O_CLOEXEC) };

/** The content of a file of the image, empty where there is none. @throws SyscallError */
export function readImage(sys: Syscalls, { root }: StepContext, path: string): string {
  try {
    const file = root.open(path, flags(O_RDONLY, O_NONBLOCK));
    return withFd(sys, file, () => readAll(sys, file));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  }
}

/**
 * Writes a file into the image: a new one, one that is there in its place, or one in place of a
 * symbolic link. What was there comes back on failure.
 *
 * @throws NsinitError when it is something else, or a file with other names.
 */
export function writeImage(sys: Syscalls, context: StepContext, file: WrittenFile): void {
  const { parent, name } = splitPath(file.path);
  const directory = context.keep(context.root.mkdirAll(parent, 0o755));
  const entry = component(name);
  const before = findEntry(sys, context, directory, file.path);
  if (before?.type === S_IFREG) rewrite(sys, context, directory, entry, file, before);
  else {
    if (before !== undefined) {
      sys.unlinkat(directory, entry, NO_AT);
      context.defer(() => sys.symlinkat(before.content, directory, entry));
    }
    const { content, mode } = file;
    context.root.writeFileIn(directory, name, content, { mode });
  }
}

interface FoundEntry {
  readonly type: number;
  readonly mode: number;
  /** Of a file; of a link what it says. */
  readonly content: string;
}

function findEntry(
  sys: Syscalls,
  { root }: StepContext,
  directory: Fd,
  path: string,
): FoundEntry | undefined {
  const { name } = splitPath(path);
  let named: Fd;
  try {
    named = root.openIn(directory, name);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  return withFd(sys, named, () => {
    const { mode, nlink } = sys.statx(named, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
    const type = mode & S_IFMT;
    if (type === S_IFLNK) return { type, mode, content: sys.readlinkat(named, '') };
    if (type !== S_IFREG || nlink > 1) {
      const why = type === S_IFREG ? 'has other names' : 'is neither a file nor a link';
      throw new NsinitError('NSINIT_VERIFY', `${path} ${why}: use place: "memory"`);
    }
    const how = { flags: flags(O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_CLOEXEC) };
    const content = withFd(sys, sys.openat2(directory, component(name), how), (fd) =>
      readAll(sys, fd),
    );
    return { type, mode, content };
  });
}

/** In its place, so that it keeps its owner. */
function rewrite(
  sys: Syscalls,
  context: StepContext,
  directory: Fd,
  entry: Component,
  { content, mode }: WrittenFile,
  before: FoundEntry,
): void {
  const put = (text: string, bits: number): void => {
    withFd(sys, sys.openat2(directory, entry, REWRITE), (fd) => {
      writeAll(sys, fd, text);
      sys.fchmod(fd, bits);
    });
  };
  // Before it: opening empties the file, and what comes next may fail.
  context.defer(() => put(before.content, before.mode & 0o7777));
  put(content, mode);
}
