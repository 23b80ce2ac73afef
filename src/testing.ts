import 'reflect-metadata';

export { MockSyscalls, type MockOptions, type RecordedCall } from './syscalls/mock-syscalls.js';
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
  type SeedFile,
  type SeedTree,
} from './syscalls/model/seed-tree.js';
export type { SeedMount } from './syscalls/model/seed-mounts.js';
export type { SeedCredentials } from './syscalls/model/boot.js';
export type { ListedDescriptor, ListedFile } from './syscalls/model/model-state.js';
