import { MOST_ID, optionError, type HostPath, type OptionReader } from 'nsinit';

/** Types of an entry. */
export const ENTRY_TYPES = ['directory', 'file', 'link', 'attributes'] as const;

/** One thing that is to be in the root. */
export interface FilesEntry {
  /** Where it is in the container; directories on the way are made. */
  readonly path: string;
  /** `attributes` makes nothing: it changes mode and owner of what is there. */
  readonly type: (typeof ENTRY_TYPES)[number];
  /** Of a file. */
  readonly content?: string | undefined;
  /** In its place: a file of the host that is copied. */
  readonly source?: HostPath | undefined;
  /** Of a link: what it says. */
  readonly target?: string | undefined;
  /** Permission bits, whatever the umask. */
  readonly mode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** What is to be in the root. */
export interface FilesOptions {
  /** In the order in which they are made. */
  readonly entries: readonly FilesEntry[];
}

/** @throws NsinitError naming the option. */
export function readEntry(given: OptionReader): FilesEntry {
  const type = given.oneOf('type', ENTRY_TYPES);
  const id = (option: string): number => given.integer(option, 0, MOST_ID);
  const entry = {
    path: given.mountPoint('path'),
    type,
    ...(type === 'file' ? readContent(given) : {}),
    ...(type === 'link' ? { target: readTarget(given) } : readAttributes(given)),
    uid: given.optional('uid', id),
    gid: given.optional('gid', id),
  };
  const read = Object.entries(entry).filter(([, value]) => value !== undefined);
  if (type === 'attributes' && read.length === 2)
    throw optionError(given.nameOf('mode'), 'given, or uid, or gid', undefined);
  return given.done(Object.fromEntries(read) as unknown as FilesEntry);
}

function readContent(given: OptionReader): Partial<FilesEntry> {
  if (!given.has('source')) return { content: given.string('content') };
  if (given.has('content'))
    throw optionError(given.nameOf('source'), 'left out where content is given', '…');
  return { source: given.hostPath('source') };
}

function readTarget(given: OptionReader): string {
  const target = given.string('target');
  if (target === '' || target.includes('\0'))
    throw optionError(given.nameOf('target'), 'what the link is to say', target);
  return target;
}

const readAttributes = (given: OptionReader): Partial<FilesEntry> => ({
  mode: given.optional('mode', (option) => given.fileMode(option)),
});
