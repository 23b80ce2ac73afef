import 'reflect-metadata';

export {
  MockSyscalls,
  type MockOptions,
  type ReadCall,
  type RecordedCall,
} from './syscalls/mock-syscalls.js';
export { formatCall } from './syscalls/call-table.js';
export { NotModelledError } from './syscalls/model/errors.js';
export {
  blockDevice,
  charDevice,
  directory,
  fifo,
  file,
  socket,
  symlink,
  userNamespaceFile,
  type SeedFile,
  type SeedIdMaps,
  type SeedOwner,
  type SeedTree,
} from './syscalls/model/seed-tree.js';
export type { MountFlagName, SeedMount } from './syscalls/model/seed-mounts.js';
export type { OwnNamespace, SeedCredentials } from './syscalls/model/boot.js';
export type { ListedDescriptor, ListedFile, ModelState } from './syscalls/model/model-state.js';
export type { PropagationType } from './syscalls/model/peer-group.js';
export type { HostFile, HostReader } from './syscalls/model/host/host-reader.js';
export type { IdRange } from './syscalls/model/user-namespace.js';

export { CALL_ERRNOS } from './syscalls/call-errnos.js';
export {
  FailingSyscalls,
  type InjectedFault,
  type PassedCall,
} from './syscalls/failing-syscalls.js';
export type {
  AbsorbedFault,
  FaultFailure,
  FaultReport,
  FaultRunOptions,
  FaultTarget,
} from './testing/fault-target.js';
export {
  formatFaultReport,
  injectFaults,
  type FaultInjectionOptions,
} from './testing/inject-faults.js';
