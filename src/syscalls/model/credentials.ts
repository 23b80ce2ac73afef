import type { UserNamespace } from './user-namespace.js';

/** Capabilities that the modelled calls ask for (capabilities(7)), with their numbers. */
export const CAPABILITIES = {
  CAP_CHOWN: 0,
  CAP_DAC_OVERRIDE: 1,
  CAP_DAC_READ_SEARCH: 2,
  CAP_FOWNER: 3,
  CAP_FSETID: 4,
  CAP_SYS_CHROOT: 18,
  CAP_SYS_ADMIN: 21,
  CAP_MKNOD: 27,
} as const;

/** The name of a capability that the model knows. */
export type Capability = keyof typeof CAPABILITIES;

/** All capabilities that the model knows: what root has. */
export const ALL_CAPABILITIES: ReadonlySet<Capability> = new Set(
  Object.keys(CAPABILITIES) as Capability[],
);

/** Who a process is: ids of the initial user namespace, and capabilities in its own (credentials(7)). */
export class Credentials {
  constructor(
    readonly userNamespace: UserNamespace,
    readonly uid: number,
    readonly gid: number,
    readonly groups: readonly number[],
    readonly capabilities: ReadonlySet<Capability>,
  ) {}

  /**
   * Whether it has a capability over what a user namespace owns. Capabilities count in the own
   * namespace and in all inside it; who made a namespace has them all there (user_namespaces(7)).
   */
  capableIn(target: UserNamespace, capability: Capability): boolean {
    for (let ns: UserNamespace | undefined = target; ns !== undefined; ns = ns.parent) {
      if (ns === this.userNamespace) return this.capabilities.has(capability);
      if (ns.parent === this.userNamespace && ns.owner === this.uid) return true;
    }
    return false;
  }

  inGroup(gid: number): boolean {
    return this.gid === gid || this.groups.includes(gid);
  }
}
