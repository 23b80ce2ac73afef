export { createOciPipeline } from './oci-pipeline.js';
export {
  fromOciConfig,
  OciConfigError,
  type OciContainer,
  type OciOptions,
} from './from-oci-config.js';
export {
  launchBundle,
  readBundle,
  runStartHooks,
  runStopHooks,
  type BundleOptions,
} from './launch-bundle.js';
export { MOUNT_OPTION_NAMES, planMountOptions, type MountPlan } from './mount-options.js';
export { OciDevicesStep, type OciDevicesOptions } from './oci-devices-step.js';
export { OciHooksStep, type OciHooksOptions } from './oci-hooks-step.js';
export { OciMountStep, type OciMountOptions } from './oci-mount-step.js';
export type {
  OciDevice,
  OciHook,
  OciHooks,
  OciIdentity,
  OciIdmap,
  OciIdRange,
  OciMount,
  OciPlan,
} from './oci-plan.js';
export { OomScoreStep, type OomScoreOptions } from './oom-score-step.js';
export { WorkingDirectoryStep, type WorkingDirectoryOptions } from './working-directory-step.js';
