import { resolve } from 'node:path';
import type { ConfigValue } from './config-value.js';
import { cleanPath } from './config-value.js';
import { planMountOptions, type MountPlan } from './mount-options.js';
import type { OciIdmap, OciIdRange, OciMount } from './oci-plan.js';

const MOST_ID = 0xffffffff;

/**
 * Files of proc that a user-space file system may stand in for (lxcfs). Anything else below /proc
 * would let a configuration forge what the kernel says of processes (CVE-2019-16884).
 */
const COVERABLE_PROC_FILES: ReadonlySet<string> = new Set(
  [
    'cpuinfo',
    'diskstats',
    'loadavg',
    'meminfo',
    'net/dev',
    'slabinfo',
    'stat',
    'swaps',
    'sys/crypto/fips_enabled',
    'sys/kernel/ns_last_pid',
    'uptime',
  ].map((name) => `/proc/${name}`),
);

/** Reads `mounts`, in their order. @param userMaps of the container's own user namespace. */
export function readMounts(
  mounts: ConfigValue,
  bundle: string,
  userMaps: Omit<OciIdmap, 'recursive'> | undefined,
): readonly OciMount[] {
  return mounts.items().map((mount) => readMount(mount, bundle, userMaps));
}

function readMount(
  mount: ConfigValue,
  bundle: string,
  userMaps: Omit<OciIdmap, 'recursive'> | undefined,
): OciMount {
  mount.warnOfOthers(['destination', 'source', 'type', 'options', 'uidMappings', 'gidMappings']);
  const options = mount.at('options').strings();
  const meant = planMountOptions(options);
  const type = mount.at('type').string('');
  // A type `bind` without the option is what older engines wrote.
  const plan: MountPlan =
    type === 'bind' && meant.bind === undefined && !meant.remount
      ? { ...meant, bind: 'bind' }
      : meant;
  checkOptions(mount.at('options'), plan);
  const source = mount.at('source').string('');
  if (plan.bind !== undefined && isLeftOut(mount.at('source')) && !plan.remount)
    mount.at('source').problem('is missing: a bind needs what it shows');
  if (plan.bind === undefined && isLeftOut(mount.at('type')) && !plan.remount)
    mount.at('type').problem('is missing: it names the file system, unless the mount is a bind');
  const maps = readIdmap(mount, plan, userMaps);
  const idmap = maps !== undefined && canMap(mount, plan, userMaps) ? maps : undefined;
  return {
    target: readDestination(mount.at('destination')),
    source: plan.bind === undefined ? source || 'none' : resolve(bundle, source),
    fstype: plan.bind === undefined ? type : '',
    options,
    plan,
    ...(idmap === undefined ? {} : { idmap }),
  };
}

const isLeftOut = ({ given, raw }: ConfigValue): boolean => !given || raw === '';

function readDestination(destination: ConfigValue): string {
  const given = destination.string();
  if (given === '' && typeof destination.raw !== 'string') return '/';
  if (!given.startsWith('/')) destination.warn('is relative, which is deprecated: taken from /');
  const target = cleanPath(given);
  if (target === '/') destination.problem('is the root itself: give the root as root.path');
  if (target.startsWith('/proc/') && !COVERABLE_PROC_FILES.has(target)) {
    destination.problem(
      'is below /proc, where a mount could forge what the kernel says of processes',
    );
  }
  return target;
}

function checkOptions(options: ConfigValue, plan: MountPlan): void {
  const names = (list: readonly string[]): string => list.join(', ');
  for (const option of plan.without)
    options.warn(
      `${option} has no effect: a file system decides by itself whether it counts versions`,
    );
  if (plan.bind !== undefined && !plan.remount) {
    if (plan.data.length > 0)
      options.problem(`${names(plan.data)}: a bind has no options of a file system`);
    if (plan.superblock.length > 0)
      options.warn(
        `${names(plan.superblock)} has no effect on a bind: it belongs to the file system`,
      );
  }
  if (plan.bind !== undefined && plan.copyUp)
    options.problem('tmpcopyup is for a tmpfs, and this is a bind');
}

function readIdmap(
  mount: ConfigValue,
  plan: MountPlan,
  userMaps: Omit<OciIdmap, 'recursive'> | undefined,
): OciIdmap | undefined {
  const [uids, gids] = [mount.at('uidMappings'), mount.at('gidMappings')];
  const recursive = plan.idmap === 'ridmap';
  if (uids.given !== gids.given) {
    mount.problem('needs both uidMappings and gidMappings, or neither');
    return undefined;
  }
  if (uids.given) return { recursive, uids: readIdRanges(uids), gids: readIdRanges(gids) };
  if (plan.idmap === undefined) return undefined;
  if (userMaps !== undefined) return { recursive, ...userMaps };
  mount
    .at('options')
    .problem(`${plan.idmap} needs uidMappings and gidMappings, or a user namespace with them`);
  return undefined;
}

function canMap(mount: ConfigValue, plan: MountPlan, userMaps: object | undefined): boolean {
  let reason: string | undefined;
  if (plan.bind === undefined) reason = 'only a bind can be idmapped here';
  // mount_setattr(2): it takes CAP_SYS_ADMIN where the file system was mounted.
  else if (userMaps !== undefined)
    reason = 'no mount can be idmapped from within a user namespace: its ids are shown as they are';
  if (reason !== undefined) mount.refuse(reason);
  return reason === undefined;
}

/** Reads mappings of ids (config-linux.md, User namespace mappings). */
export function readIdRanges(ranges: ConfigValue): readonly OciIdRange[] {
  if (ranges.given && ranges.items().length === 0) ranges.problem('maps no id');
  return ranges.items().map((range) => {
    range.warnOfOthers(['containerID', 'hostID', 'size']);
    return {
      inside: range.at('containerID').integer(0, MOST_ID),
      outside: range.at('hostID').integer(0, MOST_ID),
      count: range.at('size').integer(1, MOST_ID),
    };
  });
}
