import type { StepClass } from '../pipeline/step.js';
import { BindMountStep } from './bind-mount.js';
import { BindRootfsStep } from './bind-rootfs.js';
import { ConsoleStep } from './console.js';
import { DevSymlinksStep } from './dev-symlinks.js';
import { DevStep } from './dev.js';
import { DeviceNodesStep } from './device-nodes.js';
import { LoopDevicesStep } from './loop-devices.js';
import { PropagationStep } from './propagation.js';
import { PtmxStep } from './ptmx.js';
import { ReadonlyRootStep } from './readonly-root.js';
import { RemountProcStep } from './remount-proc.js';
import { RemountSysStep } from './remount-sys.js';
import { RootPropagationStep } from './root-propagation.js';
import { RootSwitchStep } from './root-switch.js';
import { SystemMountsStep } from './system-mounts.js';
import { ThrowawayRootStep } from './throwaway-root.js';
import { TmpfsMountStep } from './tmpfs-mount.js';
import { UmaskStep } from './umask.js';
import { VerifyStep } from './verify.js';

/** Every step that comes with nsinit, for those who know one by its name. */
export const BUILT_IN_STEPS: readonly StepClass<unknown>[] = [
  BindMountStep,
  BindRootfsStep,
  ConsoleStep,
  DevStep,
  DevSymlinksStep,
  DeviceNodesStep,
  LoopDevicesStep,
  PropagationStep,
  PtmxStep,
  ReadonlyRootStep,
  RemountProcStep,
  RemountSysStep,
  RootPropagationStep,
  RootSwitchStep,
  SystemMountsStep,
  ThrowawayRootStep,
  TmpfsMountStep,
  UmaskStep,
  VerifyStep,
] as readonly unknown[] as readonly StepClass<unknown>[];
