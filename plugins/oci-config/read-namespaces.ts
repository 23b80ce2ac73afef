import type { LaunchOptions, NamespaceChoice, NamespaceName } from 'nsinit';
import type { ConfigValue } from './config-value.js';
import type { OciIdRange } from './oci-plan.js';
import { readIdRanges } from './read-mounts.js';

const NAMES: Readonly<Record<string, NamespaceName>> = {
  mount: 'mount',
  pid: 'pid',
  network: 'net',
  ipc: 'ipc',
  uts: 'uts',
  user: 'user',
  cgroup: 'cgroup',
};

/** Ids that a user namespace maps. */
export interface UserMaps {
  readonly uids: readonly OciIdRange[];
  readonly gids: readonly OciIdRange[];
}

/** The namespaces of a container, and how its ids are mapped. */
export interface ReadNamespaces {
  readonly chosen: Readonly<Record<NamespaceName, NamespaceChoice>>;
  readonly maps: UserMaps | undefined;
}

/** Reads `linux.namespaces`; one that is not listed is the caller's. */
export function readNamespaces(linux: ConfigValue): ReadNamespaces {
  const chosen: Record<NamespaceName, NamespaceChoice> = {
    mount: 'shared',
    pid: 'shared',
    uts: 'shared',
    ipc: 'shared',
    net: 'shared',
    cgroup: 'shared',
    user: 'shared',
  };
  const namespaces = linux.at('namespaces');
  for (const namespace of namespaces.items()) readNamespace(namespace, chosen);
  if (chosen.mount === 'shared')
    namespaces.problem('has no mount namespace: what is mounted would be the whole machine’s');
  return { chosen, maps: readUserMaps(linux, chosen.user) };
}

function readNamespace(
  namespace: ConfigValue,
  chosen: Record<NamespaceName, NamespaceChoice>,
): void {
  namespace.warnOfOthers(['type', 'path']);
  const type = namespace.at('type').oneOf([...Object.keys(NAMES), 'time']);
  if (type === undefined) return;
  if (type === 'time') {
    namespace.refuse('no time namespace is made');
    return;
  }
  const name = NAMES[type] as NamespaceName;
  if (chosen[name] !== 'shared') namespace.problem(`${type} is there twice`);
  const path = namespace.at('path');
  if (!path.given || path.raw === '') {
    chosen[name] = 'new';
    return;
  }
  const join = path.absolutePath('of a namespace');
  if (name === 'mount')
    path.problem('an existing mount namespace has a root already: leave it out');
  chosen[name] = name === 'mount' ? 'new' : { join };
}

function readUserMaps(linux: ConfigValue, user: NamespaceChoice): UserMaps | undefined {
  const [uids, gids] = [linux.at('uidMappings'), linux.at('gidMappings')];
  const maps = { uids: readIdRanges(uids), gids: readIdRanges(gids) };
  if (user === 'new') {
    for (const map of [uids, gids])
      if (!map.given) map.problem('is missing: a new user namespace maps ids');
    return maps;
  }
  if (user === 'shared') {
    for (const map of [uids, gids])
      if (map.given && map.items().length > 0)
        map.problem('needs a user namespace among linux.namespaces');
  }
  return maps.uids.length > 0 && maps.gids.length > 0 ? maps : undefined;
}

/**
 * The mapping as a launch takes it. One id that is the caller's own needs no newuidmap(1).
 *
 * @param inside who the command runs as.
 */
export function userMappingOf(
  { uids, gids }: UserMaps,
  inside: { readonly uid: number; readonly gid: number },
  own: { readonly uid: number; readonly gid: number },
): LaunchOptions['userMapping'] {
  const isOwn = (ranges: readonly OciIdRange[], id: number, outside: number): boolean =>
    ranges.length === 1 &&
    ranges[0]?.count === 1 &&
    ranges[0].inside === id &&
    ranges[0].outside === outside;
  return isOwn(uids, inside.uid, own.uid) && isOwn(gids, inside.gid, own.gid)
    ? 'single'
    : { uids, gids };
}
