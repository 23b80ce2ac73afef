import 'reflect-metadata';

export { MockSyscalls, type MockOptions, type RecordedCall } from './syscalls/mock-syscalls.js';
export { formatCall } from './syscalls/call-table.js';
