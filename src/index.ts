import 'reflect-metadata';

export type {
  Config,
  ConfiguredChange,
  ConfiguredLaunch,
  ConfiguredPlugin,
} from './config/config.js';
export { ConfigError, type ConfigProblem, type TextPlace } from './config/config-problems.js';
export { loadConfig, type ConfigOverride, type LoadedConfig } from './config/load-config.js';
export type { PluginModule } from './config/load-plugins.js';

export {
  NsinitError,
  OptionError,
  PlanError,
  StepError,
  type ErrorCode,
  type UndoOutcome,
} from './pipeline/errors.js';
export type {
  DelayedToken,
  Dependency,
  ServiceClass,
  Token,
  TokenDescriptor,
  Transformer,
} from './pipeline/dependencies.js';
export {
  EXPECTATIONS,
  expectedMount,
  type Expectation,
  type FileExpectation,
  type MountExpectation,
  type OtherExpectation,
  type PropagationExpectation,
} from './pipeline/expectation.js';
export {
  inject,
  injectable,
  LOGGER,
  SYSCALLS,
  type Service,
  type ServiceContainer,
} from './pipeline/injection.js';
export { key, sharedKey, type Key } from './pipeline/key.js';
export { silentLogger, type Logger } from './pipeline/logger.js';
export { isHostNamespace, type NamespaceFile } from './pipeline/namespace-guard.js';
export type { Observer } from './pipeline/observer.js';
export { OptionReader, optionError } from './pipeline/options.js';
export { Pipeline, type PlanOptions } from './pipeline/pipeline.js';
export type { PlannedStep } from './pipeline/pipeline-entry.js';
export type {
  ModelledIdMaps,
  ModelledIdRange,
  ModelledMachine,
  Plan,
  PlannedCall,
  PlannedFailure,
  PlannedMount,
  PlannedStepCalls,
  PlanOnOptions,
  RefusedCall,
} from './pipeline/plan.js';
export type {
  Preparation,
  PrepareContext,
  Prepared,
  PrepareOptions,
  Progress,
  RehearseContext,
} from './pipeline/prepare.js';
export {
  ROOT_SWITCHED,
  ROOTFS,
  type Provided,
  type RunOptions,
  type RunReport,
  type StepTime,
  type TakenFallback,
} from './pipeline/run.js';
export type { Fallback, Step, StepClass, StepContext, Tolerance, View } from './pipeline/step.js';

export {
  attachMount,
  createMount,
  deferUmount,
  mountNew,
  orClose,
  withFd,
  withoutUmask,
  type FileSystemOption,
  type NewFileSystem,
} from './steps/attach-mount.js';
export { BindMountStep, type BindMountOptions } from './steps/bind-mount.js';
export { BindRootfsStep, type BindRootfsOptions } from './steps/bind-rootfs.js';
export { ConsoleStep, type ConsoleOptions } from './steps/console.js';
export { inDev } from './steps/dev-directory.js';
export { DevStep, type DevOptions } from './steps/dev.js';
export { DevSymlinksStep, type DevSymlinksOptions } from './steps/dev-symlinks.js';
export { DeviceNodesStep, type DeviceNodesOptions } from './steps/device-nodes.js';
export {
  checkDevice,
  checkMounted,
  checkPlace,
  checkSameFile,
  refuseKernelFiles,
  type Device,
} from './steps/identity.js';
export {
  COMMAND_INHERITS,
  CONTAINER_PROCESS,
  DEV_DIRECTORY,
  HOST_PROC,
  PID_NAMESPACE,
  TERMINAL,
  USER_NAMESPACE,
  type ContainerProcess,
  type ProgramBeside,
  type ProgramEnd,
} from './steps/keys.js';
export { LoopDevicesStep } from './steps/loop-devices.js';
export {
  ATIME_MODES,
  attributeChange,
  describeAttributes,
  newMountFlags,
  readMountAttributes,
  type MountAttributes,
} from './steps/mount-attributes.js';
export {
  attachForNow,
  changeAttributes,
  cloneTree,
  openMountPoint,
  type TreeSource,
} from './steps/mount-tree.js';
export {
  createPreset,
  PRESET_NAMES,
  type PresetName,
  type PresetOptions,
  type UserMount,
} from './steps/presets.js';
export {
  PROPAGATION_MODES,
  PropagationStep,
  type PropagationMode,
  type PropagationOptions,
} from './steps/propagation.js';
export { OLD_MOUNT_API } from './steps/old-mount-api.js';
export { PtmxStep, type PtmxOptions } from './steps/ptmx.js';
export { ReadonlyRootStep } from './steps/readonly-root.js';
export { RemountProcStep } from './steps/remount-proc.js';
export { RemountSysStep } from './steps/remount-sys.js';
export { RootPropagationStep, type RootPropagationOptions } from './steps/root-propagation.js';
export { RootSwitchStep, type RootSwitchOptions } from './steps/root-switch.js';
export { MOST_ID } from './syscalls/kernel-limits.js';
export { MOUNT_PROPAGATION, spreadMount, type MountPropagation } from './steps/spread-mount.js';
export { SystemMountsStep, type SystemMountsOptions } from './steps/system-mounts.js';
export { ThrowawayRootStep } from './steps/throwaway-root.js';
export { TmpfsMountStep, type TmpfsMountOptions } from './steps/tmpfs-mount.js';
export { UmaskStep, type UmaskOptions } from './steps/umask.js';
export { VerifyStep } from './steps/verify.js';
export { ASKS_AGAIN, whileBusy } from './steps/while-busy.js';

export {
  CAPABILITY_NAMES,
  type Capability,
  type CapabilityOptions,
  type CapabilitySets,
} from './runtime/capabilities.js';
export { CommandError } from './runtime/command-error.js';
export {
  Container,
  type ContainerControls,
  type ContainerEnd,
  type ContainerEvents,
} from './runtime/container.js';
export type { LaunchOptions, NamespaceLaunchOptions } from './runtime/launch-options.js';
export { launch, WaitingEndedError } from './runtime/launch.js';
export {
  NamespaceError,
  type NamespaceChoice,
  type Namespaces,
  type NamespaceName,
  type NamespaceOptions,
} from './runtime/namespaces.js';
export {
  ContainerPool,
  createPool,
  PoolClosedError,
  type PoolLaunchOptions,
  type PoolOptions,
} from './runtime/pool.js';
export { openUserNamespace, type UserNamespaceHandle } from './runtime/open-user-namespace.js';
export {
  RESOURCE_LIMIT_NUMBERS,
  type ResourceLimit,
  type ResourceLimitName,
  type ResourceLimits,
} from './runtime/resource-limits.js';
export type {
  SeccompAction,
  SeccompComparison,
  SeccompFilter,
  SeccompProfile,
  SeccompRule,
} from './runtime/seccomp.js';
export type { LocalRunOptions, PipelineModule, SetUpOptions } from './runtime/set-up-options.js';
export type { EndWork, PreparedSetUp, PrepareSetUpOptions } from './runtime/prepare-set-up.js';
export type { SetUp, SetUpContext, SetUpPlace } from './runtime/set-up.js';
export type { StdioEntry, StdioOption } from './runtime/stdio.js';
export { StubEndedError } from './runtime/stub-connection.js';
export { Terminal, type TerminalSize } from './runtime/terminal.js';
export { UserMappingError, type IdRange, type UserMapping } from './runtime/user-mapping.js';

export type { DescriptorNames } from './syscalls/descriptor-names.js';
export { AT_FDCWD, asFd, type Fd } from './syscalls/descriptor.js';
export { ERRNO, type ErrnoName } from './syscalls/errno.js';
export * from './syscalls/file-flags.js';
export * from './syscalls/file-system-magic.js';
export {
  flags,
  formatFlags,
  hasFlags,
  withoutFlags,
  type FlagNames,
  type Flags,
} from './syscalls/flags.js';
export { LinuxSyscalls } from './syscalls/linux.js';
export * from './syscalls/mount-flags.js';
export { parseMountinfo, readMountinfo, type MountinfoEntry } from './syscalls/mountinfo.js';
export { writeNewFile, type FileAttributes } from './syscalls/new-file.js';
export {
  component,
  containerPath,
  fdPath,
  hostPath,
  PathError,
  sourceName,
  splitPath,
  type AtPath,
  type Component,
  type ContainerPath,
  type FdPath,
  type HostPath,
  type InRootPath,
  type PathArg,
  type SourceName,
} from './syscalls/paths.js';
export * from './syscalls/process-flags.js';
export type { RawArg, RawKind } from './syscalls/params.js';
export { RootDir, type Defer, type Undo } from './syscalls/root-dir.js';
export { isErrno, SyscallError } from './syscalls/syscall-error.js';
export type {
  CallArgs,
  CallName,
  CallResult,
  DeviceNumber,
  DirEntry,
  MountAttr,
  OpenHow,
  Statfs,
  Statx,
  Syscalls,
  Timespec,
} from './syscalls/syscalls.js';
export { readAll, readBytes, writeAll } from './syscalls/whole-content.js';
export { formatTracedCall, TracingSyscalls, type TracedCall } from './syscalls/tracing-syscalls.js';
export type { ReplayEngine, SyscallTransport } from './syscalls/transport.js';
export type { ProcessEnd } from './syscalls/process-calls.js';
