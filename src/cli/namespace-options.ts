import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import {
  NAMESPACE_NAMES,
  type NamespaceName,
  type NamespaceOptions,
} from '../runtime/namespaces.js';
import { planNamespaces, type NamespacePlan } from '../runtime/start-container.js';
import { UserMappingError } from '../runtime/user-mapping.js';
import { absolutePath, type RunFlags } from './run-options.js';
import { UsageError } from './usage-error.js';
import { LONGEST_UTS_NAME } from '../syscalls/kernel-limits.js';

/**
 * The namespaces that the options ask for.
 *
 * @param mapped who the command runs as.
 * @param privileged another's privileges, for a plan.
 * @throws UsageError; NamespaceError; UserMappingError.
 */
export function planNamespacesFor(
  given: RunFlags,
  mapped: { readonly uid: number; readonly gid: number } | undefined,
  privileged?: boolean,
): NamespacePlan {
  const length = Buffer.byteLength(given.hostname ?? 'unchanged');
  if (length < 1 || length > LONGEST_UTS_NAME)
    throw new UsageError(`--hostname takes 1 to ${LONGEST_UTS_NAME} bytes, not ${length}`);
  const plan = planNamespacesOf(given, mapped, privileged);
  if (given.hostname !== undefined && plan.namespaces.uts === 'shared')
    throw new UsageError(
      "--hostname needs a UTS namespace: with --share-uts it would be the whole machine's name",
    );
  return plan;
}

function planNamespacesOf(
  given: RunFlags,
  mapped: { readonly uid: number; readonly gid: number } | undefined,
  privileged?: boolean,
): NamespacePlan {
  const options = chooseNamespaces(given);
  const how = { mapped, privileged };
  const single = (): NamespacePlan => planNamespaces(options, { ...how, mapping: 'single' });
  if (given.mapUser === undefined || given.mapUser === 'single') return single();
  const helpers = ['newuidmap', 'newgidmap'];
  if (given.mapUser === 'auto' && process.geteuid?.() !== 0 && !helpers.every(isInstalled))
    return single();
  try {
    return planNamespaces(options, { ...how, mapping: 'ranges' });
  } catch (error) {
    if (given.mapUser === 'auto' && error instanceof UserMappingError) return single();
    throw error;
  }
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function chooseNamespaces(given: RunFlags): NamespaceOptions {
  const shared: NamespaceOptions = {
    ...(given.sharePid === true ? { pid: 'shared' as const } : {}),
    ...(given.shareIpc === true ? { ipc: 'shared' as const } : {}),
    ...(given.shareUts === true ? { uts: 'shared' as const } : {}),
    ...(given.unshareNet === true ? { net: 'new' as const } : {}),
    ...(given.mapUser === undefined ? {} : { user: 'new' as const }),
  };
  const joined: NamespaceOptions = Object.fromEntries(given.join.map(parseJoin));
  const both = NAMESPACE_NAMES.find((name) => name in joined && name in shared);
  if (both !== undefined)
    throw new UsageError(`--join ${both}=… does not go with another option for that namespace`);
  return { ...given.namespaces, ...shared, ...joined };
}

/** `NAMESPACE=FILE`. @throws UsageError */
export function parseJoin(given: string): [NamespaceName, { readonly join: string }] {
  const equals = given.indexOf('=');
  const name = NAMESPACE_NAMES.find((known) => known === given.slice(0, equals));
  if (name === undefined || equals === given.length - 1)
    throw new UsageError(
      `--join takes NAMESPACE=FILE with one of ${NAMESPACE_NAMES.join(', ')}, not ${JSON.stringify(given)}`,
    );
  return [name, { join: absolutePath('--join', given.slice(equals + 1)) }];
}
