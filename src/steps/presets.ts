import { NsinitError } from '../pipeline/errors.js';
import { Pipeline } from '../pipeline/pipeline.js';
import { BindMountStep } from './bind-mount.js';
import { BindRootfsStep } from './bind-rootfs.js';
import { ConsoleStep } from './console.js';
import { DevSymlinksStep } from './dev-symlinks.js';
import { DevStep } from './dev.js';
import { DeviceNodesStep } from './device-nodes.js';
import { LoopDevicesStep } from './loop-devices.js';
import {
  parsePresetOptions,
  PRESET_NAMES,
  type PresetName,
  type PresetOptions,
  type UserMount,
} from './preset-options.js';
import { PropagationStep } from './propagation.js';
import { PtmxStep } from './ptmx.js';
import { ReadonlyRootStep } from './readonly-root.js';
import { RootPropagationStep } from './root-propagation.js';
import { RootSwitchStep } from './root-switch.js';
import { SystemMountsStep } from './system-mounts.js';
import { ThrowawayRootStep } from './throwaway-root.js';
import { TmpfsMountStep } from './tmpfs-mount.js';
import { hostPath } from '../syscalls/paths.js';
import { UmaskStep } from './umask.js';
import { VerifyStep } from './verify.js';

export { PRESET_NAMES };
export type { PresetName, PresetOptions, UserMount };

/** The pipeline of a preset. @throws NsinitError when an option is wrong. */
export function createPreset(name: PresetName, given: PresetOptions = {}): Pipeline {
  const options = parsePresetOptions(name, given);
  refusePinned(options);
  if (name === 'standard') return standard(options);
  if (name === 'classic') return classic(options);
  throw new NsinitError(
    'NSINIT_OPTION',
    `there is no preset ${JSON.stringify(name)}; there are ${PRESET_NAMES.join(', ')}`,
  );
}

/** A move detaches nothing: private, the host's mounts would stay when the host unmounts them. */
function refusePinned({ noPivot, propagation }: PresetOptions): void {
  if (noPivot !== true || propagation?.endsWith('private') !== true) return;
  throw new NsinitError(
    'NSINIT_OPTION',
    `propagation ${propagation} cannot be had without pivot_root(2): the container would keep every mount of the host busy; rslave can`,
  );
}

function standard(options: PresetOptions): Pipeline {
  const propagation = options.propagation ?? 'rslave';
  const pipeline = new Pipeline().use(PropagationStep, { mode: propagation });
  useRoot(pipeline, options, false);
  pipeline.use(DevStep).use(SystemMountsStep).use(DeviceNodesStep);
  if (options.loopDevices === true) pipeline.use(LoopDevicesStep);
  pipeline.use(DevSymlinksStep).use(PtmxStep).use(ConsoleStep);
  useMounts(pipeline, options.mounts ?? []);
  pipeline.use(RootSwitchStep, { method: options.noPivot === true ? 'move' : 'pivot' });
  if (propagation === 'shared' || propagation === 'rshared')
    pipeline.use(RootPropagationStep, { mode: propagation });
  if (options.readonly === true) pipeline.use(ReadonlyRootStep);
  pipeline.use(UmaskStep);
  return options.verify === false ? pipeline : pipeline.use(VerifyStep);
}

/** The seed's order and arguments. */
function classic(options: PresetOptions): Pipeline {
  const noPivot = options.noPivot === true;
  const pipeline = new Pipeline().use(PropagationStep, {
    mode: options.propagation ?? (noPivot ? 'rslave' : 'rprivate'),
  });
  useRoot(pipeline, options, options.readonly === true);
  pipeline
    .use(SystemMountsStep, { classic: true })
    .use(DeviceNodesStep, { fromHost: true })
    .use(LoopDevicesStep)
    .use(DevSymlinksStep, { always: true });
  if (options.console !== undefined)
    pipeline
      .use(PtmxStep, { classic: true })
      .use(
        ConsoleStep,
        options.console === true ? { classic: true } : { path: hostPath(options.console) },
      );
  useMounts(pipeline, options.mounts ?? []);
  pipeline.use(RootSwitchStep, { method: noPivot ? 'classic-move' : 'classic-pivot' });
  if (options.readonly === true && options.throwaway === true) pipeline.use(ReadonlyRootStep);
  pipeline.use(UmaskStep);
  return options.verify === true ? pipeline.use(VerifyStep) : pipeline;
}

function useRoot(pipeline: Pipeline, options: PresetOptions, readonly: boolean): void {
  if (options.throwaway === true) pipeline.use(ThrowawayRootStep);
  else
    pipeline.use(BindRootfsStep, {
      readonly,
      privateParent: !['rslave', 'rprivate'].includes(options.propagation ?? 'rslave'),
      readonlyBelow: options.readonly === true && !readonly,
    });
}

function useMounts(pipeline: Pipeline, mounts: readonly UserMount[]): void {
  for (const mount of mounts) {
    if ('bind' in mount) {
      pipeline.use(BindMountStep, {
        source: hostPath(mount.bind),
        target: mount.target,
        readonly: mount.readonly ?? false,
      });
    } else {
      pipeline.use(TmpfsMountStep, { target: mount.tmpfs, size: mount.size ?? '' });
    }
  }
}
