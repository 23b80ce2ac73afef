import { isIP } from 'node:net';
import { MOST_ID, optionError, type OptionReader } from 'nsinit';
import type { GroupEntry, HostsEntry, PasswdEntry, ResolvConf } from './formats.js';

export const ETC_PLACES = ['memory', 'image'] as const;

/** A file of the container: its content, or one of the host that is shown in its place. */
export interface EtcFile {
  /** In the container. */
  readonly path: string;
  readonly content?: string | undefined;
  /** A file of the host, bound read-only. */
  readonly source?: string | undefined;
  /** Permission bits of what is written, 0644 unless given. */
  readonly mode?: number | undefined;
}

/** The files, and where they are put. */
export interface EtcFilesOptions {
  /**
   * `memory`: what is written is in a small tmpfs and bound on its place, and the image stays as
   * it is. `image`: it is written into the root.
   */
  readonly place: (typeof ETC_PLACES)[number];
  /** The host's file, or what it says. */
  readonly resolvConf?: 'host' | ResolvConf | undefined;
  readonly hosts?: 'host' | readonly HostsEntry[] | undefined;
  /** What /etc/hostname says. */
  readonly hostname?: string | undefined;
  readonly passwd?: 'host' | readonly PasswdEntry[] | undefined;
  readonly group?: 'host' | readonly GroupEntry[] | undefined;
  /** Users and groups are added to those of the image, in place of what has their names. */
  readonly append: boolean;
  /** Other files. */
  readonly files: readonly EtcFile[];
}

/** @throws NsinitError naming the option. */
export function readEtcFiles(given: OptionReader): EtcFilesOptions {
  const read = {
    place: given.oneOf('place', ETC_PLACES, 'memory'),
    resolvConf: hostOr(given, 'resolvConf', () => given.object('resolvConf', readResolvConf)),
    hosts: hostOr(given, 'hosts', () => given.objects('hosts', readHosts)),
    hostname: given.optional('hostname', () => word(given, 'hostname')),
    passwd: hostOr(given, 'passwd', () => given.objects('passwd', readPasswd)),
    group: hostOr(given, 'group', () => given.objects('group', readGroup)),
    append: given.boolean('append', false),
    files: given.objects('files', readFile),
  };
  return given.done(withoutUndefined(read));
}

function hostOr<T>(given: OptionReader, option: string, read: () => T): 'host' | T | undefined {
  if (!given.has(option)) return undefined;
  return given.is(option, 'host') ? 'host' : read();
}

function readResolvConf(given: OptionReader): ResolvConf {
  return given.done({
    nameservers: given.list('nameservers', (item, name) => address(item, name)),
    search: given.list('search', word),
    options: given.list('options', token),
  });
}

function readHosts(given: OptionReader): HostsEntry {
  const names = given.list('names', word);
  if (names.length === 0) throw optionError(given.nameOf('names'), 'a list of names', names);
  return given.done({ address: address(given, 'address'), names });
}

function readPasswd(given: OptionReader): PasswdEntry {
  return given.done({
    name: word(given, 'name'),
    uid: id(given, 'uid'),
    gid: id(given, 'gid'),
    gecos: field(given, 'gecos', ''),
    home: field(given, 'home', '/'),
    shell: field(given, 'shell', '/bin/sh'),
  });
}

function readGroup(given: OptionReader): GroupEntry {
  const members = given.list('members', word);
  return given.done({ name: word(given, 'name'), gid: id(given, 'gid'), members });
}

function readFile(given: OptionReader): EtcFile {
  const file = {
    path: given.mountPoint('path'),
    content: given.optional('content', (option) => given.string(option)),
    source: given.optional('source', (option) => given.hostPath(option)),
    mode: given.optional('mode', (option) => given.fileMode(option)),
  };
  if ((file.content === undefined) === (file.source === undefined))
    throw optionError(given.nameOf('content'), 'given, or else source', file.content);
  return given.done(withoutUndefined(file));
}

const id = (given: OptionReader, option: string): number => given.integer(option, 0, MOST_ID);

function address(given: OptionReader, option: string): string {
  const value = given.string(option);
  // An IPv6 address may name the interface that it is reached by: fe80::1%eth0.
  if (isIP(value.replace(/%[^%\s]+$/, '')) !== 0) return value;
  throw optionError(given.nameOf(option), 'an IP address', value);
}

/** No space, no colon, no comma: it would be more than one in the file. */
function word(given: OptionReader, option: string): string {
  const value = given.string(option);
  if (/^[^\s:,]+$/.test(value)) return value;
  throw optionError(given.nameOf(option), 'one word', value);
}

/** As `ndots:5`. */
function token(given: OptionReader, option: string): string {
  const value = given.string(option);
  if (/^\S+$/.test(value)) return value;
  throw optionError(given.nameOf(option), 'one word', value);
}

function field(given: OptionReader, option: string, otherwise: string): string {
  const value = given.string(option, otherwise);
  if (!/[:\n]/.test(value)) return value;
  throw optionError(given.nameOf(option), 'a text without ":" and line breaks', value);
}

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as T;
}
