import {
  BindRootfsStep,
  ConsoleStep,
  DevSymlinksStep,
  Pipeline,
  PROPAGATION_MODES,
  PropagationStep,
  PtmxStep,
  ReadonlyRootStep,
  MOUNT_PROPAGATION,
  RootPropagationStep,
  RootSwitchStep,
  UmaskStep,
  VerifyStep,
  type PropagationMode,
} from 'nsinit';
import { BindMountsStep } from 'nsinit/plugins/bind-mounts';
import { CgroupMountStep } from 'nsinit/plugins/cgroup-mount';
import { IdmappedMountsStep } from 'nsinit/plugins/idmapped-mounts';
import { MaskedPathsStep } from 'nsinit/plugins/masked-paths';
import { SysctlStep } from 'nsinit/plugins/sysctl';
import { TmpfsReadonlyStep, TmpfsStep } from 'nsinit/plugins/tmpfs';
import { dataOptions } from './mount-options.js';
import { OciDevicesStep } from './oci-devices-step.js';
import { OciHooksStep, type OciHooksOptions } from './oci-hooks-step.js';
import { isReadonlyLater, OciMountStep } from './oci-mount-step.js';
import type { OciMount, OciPlan } from './oci-plan.js';
import { OomScoreStep } from './oom-score-step.js';
import { WorkingDirectoryStep } from './working-directory-step.js';

/** The pipeline of a plan, in the order in which the specification and other runtimes have it. */
export function createOciPipeline(plan: OciPlan): Pipeline {
  const pipeline = new Pipeline();
  pipeline.use(PropagationStep, { mode: firstPropagation(plan) });
  pipeline.use(BindRootfsStep, { privateParent: true });
  for (const mount of plan.mounts) useMount(pipeline, mount);
  if (plan.devices.length > 0) pipeline.use(OciDevicesStep, { devices: plan.devices });
  if (plan.ownDev) pipeline.use(DevSymlinksStep).use(PtmxStep).use(ConsoleStep);
  if (plan.cwd !== '/') pipeline.use(WorkingDirectoryStep, { path: plan.cwd });
  if (plan.oomScoreAdj !== undefined) pipeline.use(OomScoreStep, { score: plan.oomScoreAdj });
  useHooks(pipeline, plan, 'createRuntime');
  useHooks(pipeline, plan, 'createContainer');
  if (Object.keys(plan.sysctl).length > 0) pipeline.use(SysctlStep, { settings: plan.sysctl });
  useRestrictions(pipeline, plan);
  pipeline.use(RootSwitchStep);
  const after = MOUNT_PROPAGATION.find((mode) => mode === plan.propagation);
  if (after !== undefined) pipeline.use(RootPropagationStep, { mode: after });
  if (plan.readonlyRoot) pipeline.use(ReadonlyRootStep);
  pipeline.use(UmaskStep, { mask: plan.umask });
  // A remount changes what an earlier entry has promised.
  if (!plan.mounts.some((mount) => mount.plan.remount)) pipeline.use(VerifyStep);
  useHooks(pipeline, plan, 'startContainer');
  return pipeline;
}

/**
 * Unbindable comes after the switch: what is unbindable cannot be bound as the root. `slave` and
 * `private` hold for the root alone; with the host's other mounts still shared, a devpts in a bind of
 * /dev would cover the host's /dev/pts as well.
 */
function firstPropagation({ propagation }: OciPlan): PropagationMode {
  if (propagation === 'slave' || propagation === 'private') return `r${propagation}`;
  return PROPAGATION_MODES.find((mode) => mode === propagation) ?? 'rslave';
}

function useMount(pipeline: Pipeline, mount: OciMount): void {
  const { target, source, fstype, options, plan } = mount;
  if (plan.bind !== undefined && !plan.remount) useBind(pipeline, mount);
  else if (plan.copyUp) useCopy(pipeline, mount);
  else if (fstype === 'cgroup' && !plan.remount)
    pipeline.use(CgroupMountStep, { target, readonly: plan.attributes.readonly === true });
  else pipeline.use(OciMountStep, { target, source, fstype, options });
}

function useBind(pipeline: Pipeline, { target, source, plan, idmap }: OciMount): void {
  const bind = { source, target, recursive: plan.bind === 'rbind' };
  if (idmap === undefined) {
    const { recursive, attributes: top, propagation } = plan;
    pipeline.use(BindMountsStep, { mounts: [{ ...bind, ...recursive, top, propagation }] });
    return;
  }
  const maps = { uidMappings: idmap.uids, gidMappings: idmap.gids };
  const attributes = { ...plan.attributes, ...plan.recursive, propagation: plan.propagation };
  pipeline.use(IdmappedMountsStep, { mounts: [{ ...bind, ...attributes, ...maps }] });
}

function useCopy(pipeline: Pipeline, { target, source, plan }: OciMount): void {
  const { size, mode, uid, gid, nr_inodes: inodes } = dataOptions(plan.data);
  const given = Object.entries({
    size,
    mode,
    uid: number(uid),
    gid: number(gid),
    inodes: number(inodes),
  });
  pipeline.use(TmpfsStep, {
    target,
    source,
    copyUp: true,
    nosuid: false,
    nodev: false,
    ...plan.attributes,
    readonly: false,
    ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
  });
}

const number = (value: string | true | undefined): number | undefined =>
  typeof value === 'string' ? Number(value) : undefined;

/** What only takes away: last, when nothing is written any more. */
function useRestrictions(
  pipeline: Pipeline,
  { mounts, maskedPaths, readonlyPaths }: OciPlan,
): void {
  const later = mounts.filter(
    ({ target, fstype, plan }) =>
      plan.bind === undefined &&
      plan.attributes.readonly === true &&
      isReadonlyLater(target, fstype),
  );
  if (later.length > 0)
    pipeline.use(TmpfsReadonlyStep, { targets: later.map(({ target }) => target) });
  if (maskedPaths.length > 0 || readonlyPaths.length > 0)
    pipeline.use(MaskedPathsStep, { masked: maskedPaths, readonly: readonlyPaths });
}

function useHooks(
  pipeline: Pipeline,
  { hooks, identity }: OciPlan,
  moment: OciHooksOptions['moment'],
): void {
  if (hooks[moment].length > 0)
    pipeline.use(OciHooksStep, { moment, hooks: hooks[moment], identity });
}
