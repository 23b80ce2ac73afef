/** Capabilities by number, without `CAP_` (capabilities(7), linux/capability.h). */
export const CAPABILITY_NAMES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
] as const;

/** One capability, such as `CAP_CHOWN`. */
export type Capability = `CAP_${(typeof CAPABILITY_NAMES)[number]}`;

/** The sets of a process, each by name. A set left out is empty, unless it is told otherwise. */
export interface CapabilitySets {
  /** The most that any program started in the container can get; `effective` where it is left out. */
  readonly bounding?: readonly Capability[];
  /** What the command holds and uses. */
  readonly effective?: readonly Capability[];
  /** What it may take up; `effective` and `ambient` where it is left out. */
  readonly permitted?: readonly Capability[];
  /** What execve(2) may pass on to a file with capabilities; `ambient` where it is left out. */
  readonly inheritable?: readonly Capability[];
  /** What a command that is not root keeps over execve(2). */
  readonly ambient?: readonly Capability[];
}

/**
 * What the command may do: a list for all sets, or each set. An empty list takes everything away.
 * A list reaches the ambient set only for a user other than 0, who would lose it at execve(2).
 */
export type CapabilityOptions = readonly Capability[] | CapabilitySets;

/** Capability sets as bit masks of 41 bits. */
export interface CapabilityMasks {
  readonly bounding: bigint;
  readonly effective: bigint;
  readonly permitted: bigint;
  readonly inheritable: bigint;
  readonly ambient: bigint;
}

/**
 * Turns names into masks.
 *
 * @param uid the user that the command runs as.
 * @throws TypeError for a name that is no capability.
 */
export function capabilityMasks(options: CapabilityOptions, uid: number): CapabilityMasks {
  if (isList(options)) {
    const mask = maskOf(options);
    const ambient = uid === 0 ? 0n : mask;
    return { bounding: mask, effective: mask, permitted: mask, inheritable: ambient, ambient };
  }
  const ambient = maskOf(options.ambient ?? []);
  const effective = maskOf(options.effective ?? []) | ambient;
  const given = (set: readonly Capability[] | undefined, otherwise: bigint): bigint =>
    set === undefined ? otherwise : maskOf(set);
  return {
    bounding: given(options.bounding, effective),
    effective,
    permitted: given(options.permitted, effective),
    inheritable: given(options.inheritable, ambient),
    ambient,
  };
}

const isList = (options: CapabilityOptions): options is readonly Capability[] =>
  Array.isArray(options);

function maskOf(names: readonly Capability[]): bigint {
  let mask = 0n;
  for (const name of names) {
    const number = (CAPABILITY_NAMES as readonly string[]).indexOf(
      String(name).replace(/^CAP_/, ''),
    );
    if (number < 0 || !String(name).startsWith('CAP_')) {
      throw new TypeError(
        `there is no capability ${JSON.stringify(name)}: they are written as "CAP_CHOWN"`,
      );
    }
    mask |= 1n << BigInt(number);
  }
  return mask;
}
