import { capabilityMasks, CAPABILITY_NAMES, type CapabilityMasks } from './capabilities.js';
import type { ProcessSpec, UserSpec } from './process-spec.js';
import type { StubProgram } from './stub-program.js';
import type { IdMaps } from './user-mapping.js';

const PR_CAPBSET_DROP = 24;
const PR_SET_KEEPCAPS = 8;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_RAISE = 2;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;

/** Users, groups and capabilities, in the order in which each change is still permitted. */
export function addIdentity(
  program: StubProgram,
  spec: ProcessSpec,
  userNamespace: IdMaps | undefined,
): void {
  const uid = spec.user?.uid ?? userNamespace?.uids[0]?.inside ?? process.geteuid?.() ?? 0;
  const masks =
    spec.capabilities === undefined ? undefined : capabilityMasks(spec.capabilities, uid);
  if (masks !== undefined) dropBounding(program, masks.bounding);
  // Leaving uid 0 clears the permitted set unless it is kept for the capset(2) that follows.
  if (masks !== undefined && masks.permitted !== 0n)
    prctl(program, PR_SET_KEEPCAPS, ['PR_SET_KEEPCAPS'], 1);
  if (spec.user !== undefined) changeUser(program, spec.user, userNamespace);
  if (masks !== undefined) setCapabilities(program, masks);
  // A filter without privileges needs it (seccomp(2)).
  if (spec.noNewPrivileges ?? spec.seccomp !== undefined)
    prctl(program, PR_SET_NO_NEW_PRIVS, ['PR_SET_NO_NEW_PRIVS'], 1);
}

function prctl(
  program: StubProgram,
  option: number,
  shown: readonly string[],
  ...args: readonly number[]
): void {
  program.call('prctl', [option, ...args], { shown: [...shown, ...args.map(String)] });
}

function changeUser(
  program: StubProgram,
  { uid, gid, groups = [] }: UserSpec,
  userNamespace: IdMaps | undefined,
): void {
  // With one id mapped by its user, the kernel has taken setgroups(2) away (user_namespaces(7)).
  const denied = userNamespace !== undefined && !userNamespace.helper && process.geteuid?.() !== 0;
  if (!denied || groups.length > 0) {
    const list = program.bytes(new Uint8Array(Uint32Array.from(groups).buffer));
    program.call('setgroups', [groups.length, list], { shown: [`[${groups.join(' ')}]`] });
  }
  program.call('setresgid', [gid, gid, gid]).call('setresuid', [uid, uid, uid]);
}

function dropBounding(program: StubProgram, keep: bigint): void {
  CAPABILITY_NAMES.forEach((name, number) => {
    if (keep & (1n << BigInt(number))) return;
    program.call('prctl', [PR_CAPBSET_DROP, number], { shown: ['PR_CAPBSET_DROP', `CAP_${name}`] });
  });
}

function setCapabilities(program: StubProgram, masks: CapabilityMasks): void {
  const { ambient } = masks;
  addCapset(program, masks);
  prctl(program, PR_CAP_AMBIENT, ['PR_CAP_AMBIENT'], PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  CAPABILITY_NAMES.forEach((name, number) => {
    if (!(ambient & (1n << BigInt(number)))) return;
    program.call('prctl', [PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0], {
      shown: ['PR_CAP_AMBIENT', 'PR_CAP_AMBIENT_RAISE', `CAP_${name}`],
    });
  });
}

const CAPABILITY_VERSION_3 = 0x20080522;

/** The sets that capset(2) takes. */
export type SettableSets = Pick<CapabilityMasks, 'effective' | 'permitted' | 'inheritable'>;

/** capset(2). */
export function addCapset(
  program: StubProgram,
  { effective, permitted, inheritable }: SettableSets,
): void {
  const header = new Uint8Array(8);
  new DataView(header.buffer).setUint32(0, CAPABILITY_VERSION_3, true);
  const data = new Uint8Array(24);
  const view = new DataView(data.buffer);
  for (const half of [0, 1]) {
    const bits = (mask: bigint): number => Number((mask >> BigInt(half * 32)) & 0xffffffffn);
    view.setUint32(half * 12, bits(effective), true);
    view.setUint32(half * 12 + 4, bits(permitted), true);
    view.setUint32(half * 12 + 8, bits(inheritable), true);
  }
  program.call('capset', [program.bytes(header), program.bytes(data)], {
    shown: [
      `effective=0x${effective.toString(16)}`,
      `permitted=0x${permitted.toString(16)}`,
      `inheritable=0x${inheritable.toString(16)}`,
    ],
  });
}
