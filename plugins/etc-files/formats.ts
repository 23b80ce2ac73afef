/** One user, a line of passwd(5). */
export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly gecos?: string | undefined;
  /** `/` unless given. */
  readonly home?: string | undefined;
  /** `/bin/sh` unless given. */
  readonly shell?: string | undefined;
}

/** One group, a line of group(5). */
export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members?: readonly string[] | undefined;
}

/** Where names are looked up (resolv.conf(5)). */
export interface ResolvConf {
  readonly nameservers: readonly string[];
  readonly search?: readonly string[] | undefined;
  readonly options?: readonly string[] | undefined;
}

/** Names of an address (hosts(5)). */
export interface HostsEntry {
  readonly address: string;
  readonly names: readonly string[];
}

const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');

// `x` sends to shadow(5), where such a user has no line and so no password.
export const formatPasswd = (entries: readonly PasswdEntry[]): string =>
  lines(
    entries.map(({ name, uid, gid, gecos = '', home = '/', shell = '/bin/sh' }) =>
      [name, 'x', uid, gid, gecos, home, shell].join(':'),
    ),
  );

export const formatGroup = (entries: readonly GroupEntry[]): string =>
  lines(
    entries.map(({ name, gid, members = [] }) => [name, 'x', gid, members.join(',')].join(':')),
  );

export const formatHosts = (entries: readonly HostsEntry[]): string =>
  lines(entries.map(({ address, names }) => `${address}\t${names.join(' ')}`));

export function formatResolvConf({ nameservers, search = [], options = [] }: ResolvConf): string {
  return lines([
    ...nameservers.map((server) => `nameserver ${server}`),
    ...(search.length === 0 ? [] : [`search ${search.join(' ')}`]),
    ...(options.length === 0 ? [] : [`options ${options.join(' ')}`]),
  ]);
}

/** Lines of the image, with those of the same names replaced, and the others behind. */
export function mergeByName(image: string, added: string): string {
  const nameOf = (line: string): string => line.slice(0, line.indexOf(':'));
  const own = added.split('\n').filter((line) => line !== '');
  const names = new Set(own.map(nameOf));
  const kept = image.split('\n').filter((line) => line !== '' && !names.has(nameOf(line)));
  return lines([...kept, ...own]);
}
