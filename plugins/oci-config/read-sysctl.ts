import type { NamespaceChoice, NamespaceName } from 'nsinit';
import type { ConfigValue } from './config-value.js';

const IPC =
  /^(kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\..+)$/;
const UTS = /^kernel\.(domainname|hostname)$/;
const NET = /^net\..+$/;

/** Reads `linux.sysctl`: only what belongs to a namespace of the container's own may be set. */
export function readSysctl(
  sysctl: ConfigValue,
  chosen: Readonly<Record<NamespaceName, NamespaceChoice>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    sysctl.fields().map(([name, value]): [string, string] => {
      const namespace = namespaceOf(name);
      if (namespace === undefined)
        value.problem('belongs to no namespace: it would be set for the whole machine');
      else if (chosen[namespace] === 'shared')
        value.problem(
          `needs a namespace of its own (${namespace}): else it is the whole machine’s`,
        );
      return [name, value.string()];
    }),
  );
}

/** Names may be written with dots or with slashes (sysctl.d(5)). */
function namespaceOf(name: string): NamespaceName | undefined {
  const dotted =
    name.includes('/') && !name.split('/')[0]?.includes('.') ? name.replaceAll('/', '.') : name;
  if (NET.test(dotted)) return 'net';
  if (IPC.test(dotted)) return 'ipc';
  return UTS.test(dotted) ? 'uts' : undefined;
}
