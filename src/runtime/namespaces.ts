import {
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  type CloneFlags,
} from '../syscalls/process-flags.js';

/** The namespaces of a container (namespaces(7)). */
export type NamespaceName = 'mount' | 'pid' | 'uts' | 'ipc' | 'net' | 'cgroup' | 'user';

/** A new namespace, the caller's own, or one that exists: the path of its file, as in `/proc/PID/ns/net`. */
export type NamespaceChoice = 'new' | 'shared' | { readonly join: string };

/** What the container gets of each namespace. Left out, mount, PID, UTS and IPC are new, others shared. */
export type NamespaceOptions = { readonly [N in NamespaceName]?: NamespaceChoice | undefined };

/** Every namespace decided. */
export type Namespaces = { readonly [N in NamespaceName]: NamespaceChoice };

/** Mount, PID, UTS and IPC are the container's own; a user namespace only where it is needed. */
export const DEFAULT_NAMESPACES: Omit<Namespaces, 'user'> = {
  mount: 'new',
  pid: 'new',
  uts: 'new',
  ipc: 'new',
  net: 'shared',
  cgroup: 'shared',
};

/** Their CLONE_ bits. A user namespace comes first: the others belong to the one they were made in. */
export const NAMESPACE_FLAGS: Readonly<Record<NamespaceName, CloneFlags>> = {
  user: CLONE_NEWUSER,
  mount: CLONE_NEWNS,
  pid: CLONE_NEWPID,
  uts: CLONE_NEWUTS,
  ipc: CLONE_NEWIPC,
  net: CLONE_NEWNET,
  cgroup: CLONE_NEWCGROUP,
};

/** All names, the user namespace first. */
export const NAMESPACE_NAMES = Object.keys(NAMESPACE_FLAGS) as readonly NamespaceName[];

/** Why these namespaces cannot go together. */
export class NamespaceError extends TypeError {
  override readonly name = 'NamespaceError';
  readonly code = 'NSINIT_NAMESPACES';
}

/**
 * Completes and checks a choice.
 *
 * @param privileged whether the caller may make namespaces without a user namespace of their own.
 * @throws NamespaceError when something in it is unknown or cannot work.
 */
export function chooseNamespaces(options: NamespaceOptions, privileged: boolean): Namespaces {
  for (const [name, choice] of Object.entries(options) as [
    NamespaceName,
    NamespaceChoice | undefined,
  ][]) {
    checkChoice(name, choice);
  }
  const given = Object.fromEntries(
    Object.entries(options).filter(([, choice]) => choice !== undefined),
  );
  const chosen: Namespaces = {
    ...DEFAULT_NAMESPACES,
    user: privileged ? 'shared' : 'new',
    ...given,
  };
  if (
    chosen.user === 'shared' &&
    !privileged &&
    NAMESPACE_NAMES.some((name) => chosen[name] !== 'shared')
  ) {
    throw new NamespaceError(
      'without privileges a container needs a user namespace: leave "user" out or make it "new"',
    );
  }
  return chosen;
}

function checkChoice(name: NamespaceName, choice: NamespaceChoice | undefined): void {
  if (!(name in NAMESPACE_FLAGS)) {
    throw new NamespaceError(
      `there is no namespace ${JSON.stringify(name)}: it is one of ${NAMESPACE_NAMES.join(', ')}`,
    );
  }
  const joined =
    typeof choice === 'object' ? (choice as { join?: unknown } | null)?.join : undefined;
  const joins = typeof joined === 'string' && joined.startsWith('/');
  if (choice !== undefined && choice !== 'new' && choice !== 'shared' && !joins) {
    throw new NamespaceError(
      `namespace "${name}" must be "new", "shared" or { join: an absolute path }, not ${JSON.stringify(choice)}`,
    );
  }
}

/** The CLONE_ bits of the namespaces for which the choice is as asked. */
export function namespaceFlags(
  namespaces: Namespaces,
  wanted: (choice: NamespaceChoice, name: NamespaceName) => boolean,
): CloneFlags {
  let joined = 0;
  for (const name of NAMESPACE_NAMES)
    if (wanted(namespaces[name], name)) joined |= NAMESPACE_FLAGS[name];
  return (joined >>> 0) as CloneFlags;
}
