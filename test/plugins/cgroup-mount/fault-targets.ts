import { CgroupMountStep } from 'nsinit/plugins/cgroup-mount';
import type { FaultTarget, SeedMount } from 'nsinit/testing';
import { pipelineOf } from '../kit.js';

const UNIFIED: readonly SeedMount[] = [
  { at: '/proc', type: 'proc' },
  { at: '/sys/fs/cgroup', type: 'cgroup2' },
];
const HYBRID: readonly SeedMount[] = [
  { at: '/proc', type: 'proc' },
  { at: '/sys/fs/cgroup', type: 'tmpfs' },
  { at: '/sys/fs/cgroup/cpu,cpuacct', type: 'cgroup', options: 'cpu,cpuacct' },
  { at: '/sys/fs/cgroup/unified', type: 'cgroup2' },
];

const target = (name: string, mounts: readonly SeedMount[]): FaultTarget => ({
  name,
  machine: () => ({ mounts }),
  focus: ['cgroup-mount'],
  pipeline: () => pipelineOf(CgroupMountStep),
});

export const faultTargets: readonly FaultTarget[] = [
  target('cgroup-mount of version 2', UNIFIED),
  target('cgroup-mount of both versions', HYBRID),
];
