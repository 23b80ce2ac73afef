import type { NamespaceFile } from 'nsinit';

/** The namespace that a setting belongs to, in the spelling of /proc/sys. */
const OWNERS: readonly (readonly [pattern: RegExp, owner: NamespaceFile])[] = [
  [/^kernel\/(hostname|domainname)$/, 'uts'],
  [/^kernel\/(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)$/, 'ipc'],
  [/^kernel\/(auto_msgmni|msg_next_id|sem_next_id|shm_next_id)$/, 'ipc'],
  [/^fs\/mqueue\/[^/]+$/, 'ipc'],
  [/^net\//, 'net'],
  [/^user\/max_[^/]+$/, 'user'],
];

/** Which namespace governs a setting, or undefined for one that is the machine's (sysctl.rst). */
export function ownerOf(path: string): NamespaceFile | undefined {
  return OWNERS.find(([pattern]) => pattern.test(path))?.[1];
}

/**
 * A setting's path below /proc/sys. As sysctl(8) has it: the first of `.` and `/` in the name is
 * what separates, and the other one stands for the first in a part: `net.ipv4.conf.eth0/1.mtu`.
 *
 * @returns undefined for what is no name of a setting.
 */
export function settingPath(name: string): string | undefined {
  const separator = /[./]/.exec(name)?.[0];
  if (separator === undefined) return undefined;
  const path =
    separator === '/' ? name : name.replace(/[./]/g, (found) => (found === '.' ? '/' : '.'));
  const parts = path.split('/');
  const good = parts.every((part) => part !== '' && part !== '.' && part !== '..');
  return good && !/[\0\n]/.test(path) ? path : undefined;
}
